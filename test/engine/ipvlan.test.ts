import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Frame } from "../../src/model/packet.ts";
import { parseLinks } from "../../src/parse/ip-link.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { loadEvidence } from "../kernel/judge/evidence.ts";
import { frames, udp } from "./router.ts";

const EVIDENCE = loadEvidence(fileURLToPath(new URL("../recordings/edges/macvlans.json.gz", import.meta.url)));
const HOST_MAC = 0x020000010001;
const WORLD_MAC = 0x02000001000a;

/** The machine with macvlans with ipvlans in their place, which have the MAC address of eth0. */
function machine(mode: string, flag: string): Map<string, string> {
  const files = new Map(Object.entries(EVIDENCE.snapshot));
  for (const pod of ["pod0", "pod1", "pod2", "pod3"]) {
    for (const name of ["ip-link.json", "ip-addr.json"]) {
      const path = `netns/${pod}/${name}`;
      const links = JSON.parse(files.get(path) ?? "[]") as { ifname: string; address: string; linkinfo?: object }[];
      const changed = links.map((link) =>
        link.ifname === "lo"
          ? link
          : { ...link, address: "02:00:00:01:00:01", linkinfo: { info_kind: "ipvlan", info_data: { mode, [flag]: true } } },
      );
      files.set(path, JSON.stringify(changed));
    }
    const neighbours = files.get(`netns/${pod}/ip-neigh.json`) ?? "";
    files.set(`netns/${pod}/ip-neigh.json`, neighbours.replaceAll(/02:00:00:07:00:../g, "02:00:00:01:00:01"));
  }
  return files;
}

interface Sent {
  readonly from: "world" | "pod0";
  readonly dst: string;
  readonly mode?: string;
  readonly flag?: string;
}

/** What becomes of a datagram that comes in on eth0, or that a program in a pod sends. */
function fateOf({ from, dst, mode = "l2", flag = "bridge" }: Sent) {
  const { value: host, problems } = readSnapshot(machine(mode, flag), "");
  expect(problems).toEqual([]);
  const isLocal = from === "pod0";
  const packet = udp(`${isLocal ? "10.1.0.31" : "10.1.0.10"}:4000`, `${dst}:53`, "q");
  const [made] = frames([{ at: 0, device: "lan", out: isLocal, packet }]);
  const { type: _, ...frame } = made as Frame;
  const replay = createReplay(host, { netns: isLocal ? from : "host", capture: "c", interface: "eth0" });
  const seen = isLocal
    ? { type: "outgoing" as const, interfaceIndex: 0 }
    : { interfaceIndex: 2, linkType: "EN10MB", srcMac: WORLD_MAC, dstMac: dst.endsWith(".255") ? 0xffffffffffff : HOST_MAC };
  const [trace] = [...replay.push({ ...frame, ...seen }), ...replay.finish()];
  const devices = trace?.way.steps.flatMap((step) => (step.kind === "device" ? [`${step.netns} ${step.interface} ${step.direction}`] : []));
  return { fate: trace?.way.undecided ?? `${trace?.way.verdict} in ${trace?.way.at.netns}`, devices };
}

describe("a device that ipvlans stand on", () => {
  it.each(["l2", "l3"])("hands them what is for their IP addresses, in mode %s", (mode) => {
    expect(fateOf({ from: "world", dst: "10.1.0.32", mode }).fate).toBe("delivered in pod1");
    expect(fateOf({ from: "world", dst: "10.1.0.1", mode }).fate).toBe("delivered in host");
  });

  it("hands them copies of what is for many, in mode l2 only", () => {
    const heard = (mode: string) => fateOf({ from: "world", dst: "10.1.0.255", mode }).devices;
    expect(heard("l2")).toEqual(["host eth0 in", "pod0 mv0 in", "pod1 mv1 in", "pod2 mv2 in", "pod3 mv3 in"]);
    expect(heard("l3")).toEqual(["host eth0 in"]);
  });

  it("is not followed in mode l3s", () => {
    expect(fateOf({ from: "world", dst: "10.1.0.32", mode: "l3s" }).fate).toMatch(
      /^what becomes of a packet for the ipvlan mv1 in mode l3s/,
    );
  });
});

describe("what an ipvlan sends", () => {
  it("reaches another one, unless it is private, or the switch outside has to send it back", () => {
    expect(fateOf({ from: "pod0", dst: "10.1.0.32" }).fate).toBe("delivered in pod1");
    expect(fateOf({ from: "pod0", dst: "10.1.0.32", flag: "private" }).fate).toBe("dropped in pod0");
    expect(fateOf({ from: "pod0", dst: "10.1.0.32", flag: "vepa" }).fate).toBe("forwarded in host");
  });

  it("reaches the host, and others outside", () => {
    expect(fateOf({ from: "pod0", dst: "10.1.0.1" })).toEqual({ fate: "delivered in host", devices: ["pod0 mv0 out", "host eth0 in"] });
    expect(fateOf({ from: "pod0", dst: "10.1.0.10" })).toEqual({ fate: "forwarded in host", devices: ["pod0 mv0 out", "host eth0 out"] });
  });

  it("is routed by the host in the other modes, which is not followed", () => {
    expect(fateOf({ from: "pod0", dst: "10.1.0.10", mode: "l3" }).fate).toMatch(/^how host sends on what the ipvlan mv0 sends in mode l3/);
    expect(fateOf({ from: "pod0", dst: "10.1.0.32", mode: "l3" }).fate).toBe("delivered in pod1");
  });
});

describe("ip link's text", () => {
  const text = (flag: string) =>
    `3: iv0@eth0: <BROADCAST,UP> mtu 1500 state UP\n    link/ether 02:00:00:01:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0\n    ipvlan  mode l2 ${flag} addrgenmode eui64 \n`;

  it.each(["bridge", "private", "vepa"])("tells a %s ipvlan", (flag) => {
    expect(parseLinks(text(flag), "t").value[0]?.ipvlan).toEqual({ mode: "l2", flag });
  });
});
