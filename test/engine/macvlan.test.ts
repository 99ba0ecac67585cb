import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Frame } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { loadEvidence } from "../kernel/judge/evidence.ts";
import { frames, udp } from "./router.ts";

const EVIDENCE = loadEvidence(fileURLToPath(new URL("../recordings/edges/macvlans.json.gz", import.meta.url)));
const POD_MAC = 0x02000007001f;
const ETH0 = { netns: "host", interface: "eth0" };
const WORLD = { address: "10.1.0.10", mac: 0x02000001000a };
const POD = { address: "10.1.0.31", mac: POD_MAC };

/** What becomes of a datagram that a capture of the host shows on eth0, on which the pods' macvlans stand: by its MAC address, or as for another host. */
function fateOf(dst: string, dstMac: number | undefined, change: (files: Map<string, string>) => void = () => {}, from = WORLD, at = ETH0) {
  const files = new Map(Object.entries(EVIDENCE.snapshot));
  change(files);
  const { value: host } = readSnapshot(files, "");
  const [made] = frames([{ at: 0, device: "lan", packet: udp(`${from.address}:4000`, `${dst}:53`, "q") }]);
  const { type: _, ...frame } = made as Frame;
  const seen = dstMac === undefined ? { type: "otherhost" as const } : { linkType: "EN10MB", srcMac: from.mac, dstMac };
  const replay = createReplay(host, { capture: "any.pcap", ...at });
  const [trace] = [...replay.push({ ...frame, interfaceIndex: 2, ...seen }), ...replay.finish()];
  return `${trace?.way.verdict} ${trace?.way.at.reason ?? `in ${trace?.way.at.netns}`}`;
}

describe("a capture of the device that macvlans stand on", () => {
  it("shows frames that one of them takes", () => {
    expect(fateOf("10.1.0.31", POD_MAC)).toBe("delivered in pod0");
    expect(fateOf("10.1.0.31", POD_MAC + 0x50)).toBe("dropped not-for-us");
  });

  it("may not show for whom they are: for the one that has the address", () => {
    expect(fateOf("10.1.0.32", undefined)).toBe("delivered in pod1");
    expect(fateOf("10.1.0.99", undefined)).toBe("dropped not-for-us");
  });

  it("shows them also where the number of its namespace has no name", () => {
    const nameless = (files: Map<string, string>) => {
      for (const name of ["pod0", "pod1", "pod2", "pod3"]) files.set(`netns/${name}/netns-ids.txt`, "");
    };
    expect(fateOf("10.1.0.32", undefined, nameless)).toBe("delivered in pod1");
  });

  it("shows what one of them sends on its way out, and what it sends to another one in bridge mode on its way in", () => {
    const unchanged = () => {};
    expect(fateOf("10.1.0.33", POD_MAC + 2, unchanged, POD)).toBe("forwarded in host");
    expect(fateOf("10.1.0.32", POD_MAC + 1, unchanged, POD)).toBe("delivered in pod1");
    expect(fateOf("10.1.0.10", WORLD.mac, unchanged, POD)).toBe("forwarded in host");
  });
});

describe("a macvlan whose snapshot has the device below in its own namespace", () => {
  const own = (files: Map<string, string>) => {
    for (const name of ["ip-link.json", "ip-addr.json"]) {
      const path = `netns/pod0/${name}`;
      const links = JSON.parse(files.get(path) ?? "[]") as { ifindex: number; link_index?: number; link_netnsid?: number }[];
      const changed = links.map(({ link_netnsid: _, ...link }) => ("link_index" in link ? { ...link, link_index: link.ifindex } : link));
      files.set(path, JSON.stringify(changed));
    }
  };

  it("does not stand on itself", () => {
    expect(fateOf("10.1.0.31", POD_MAC, own)).toBe("dropped not-for-us");
    expect(fateOf("10.1.0.31", POD_MAC, own, WORLD, { netns: "pod0", interface: "mv0" })).toBe("delivered in pod0");
  });
});

describe("a macvtap", () => {
  const tap = (files: Map<string, string>) => {
    for (const name of ["ip-link.json", "ip-addr.json"]) {
      const path = `netns/pod0/${name}`;
      files.set(path, (files.get(path) ?? "").replaceAll('"info_kind":"macvlan"', '"info_kind":"macvtap"'));
    }
  };

  it("hands frames to a program, whatever addresses the host gave it", () => {
    expect(fateOf("10.1.0.31", POD_MAC, tap)).toBe("forwarded in pod0");
  });

  it("has what the program sends go out", () => {
    expect(fateOf("10.1.0.10", WORLD.mac, tap, POD)).toBe("forwarded in host");
  });
});
