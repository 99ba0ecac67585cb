import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createReplay } from "../../../../src/engine/replay.ts";
import type { Host } from "../../../../src/model/host.ts";
import type { Frame } from "../../../../src/model/packet.ts";
import type { Appearance, PacketTrace } from "../../../../src/model/trace.ts";
import { readSnapshot } from "../../../../src/parse/snapshot.ts";
import { decodePacket } from "../../../../src/wire/ip.ts";
import { hex } from "../../../wire/pcap-bytes.ts";
import { differsOut } from "../expected.ts";
import { differsMade } from "../made.ts";

interface Recorded {
  readonly name: string;
  readonly rules: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly mtu?: number;
  readonly packets: readonly (readonly [device: string, octets: string])[];
  readonly kernel: readonly (readonly [packet: number, device: string, octets: string])[];
}

/** Nobody sends such a checksum, and the replay does not look at it. */
const NOT_REPLAYED = "UDP-Lite with UDP's checksum";

const recorded = readFileSync(new URL("recorded.ndjson", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line): Recorded => JSON.parse(line))
  .filter(({ name, packets }) => name !== NOT_REPLAYED && packets[0]?.[1].startsWith("4"));

const HOOKS: Readonly<Record<string, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
};
const FORWARDING = { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0" };

/** The router of record.py: eth0 is 10.1.0.1, eth1 10.2.0.1, everybody behind them is known. */
function router({ rules, sysctls, mtu }: Recorded): Host {
  const tables = Object.entries(HOOKS).flatMap(([table, chains]) => {
    const own = rules.filter((rule) => rule.startsWith(`-4 ${table} `)).map((rule) => rule.split(" ").slice(2).join(" "));
    return [`*${table}`, ...chains.map((chain) => `:${chain} ACCEPT [0:0]`), ...own, "COMMIT"];
  });
  const links = ["lo", "eth0", "eth1"].map((ifname, i) => ({
    ...{ ifindex: i + 1, ifname, flags: i === 0 ? ["LOOPBACK", "UP", "LOWER_UP"] : ["BROADCAST", "UP", "LOWER_UP"], operstate: "UP" },
    ...{
      link_type: i === 0 ? "loopback" : "ether",
      address: `02:00:00:00:0${i}:01`,
      mtu: i === 2 ? (mtu ?? 1500) : i === 0 ? 65536 : 1500,
    },
    addr_info: i === 0 ? [] : [{ family: "inet", local: `10.${i}.0.1`, prefixlen: 24, scope: "global" }],
  }));
  const routes = [1, 2].flatMap((i) => [
    `10.${i}.0.0/24 dev eth${i - 1} proto kernel scope link src 10.${i}.0.1`,
    `local 10.${i}.0.1 dev eth${i - 1} table local proto kernel scope host src 10.${i}.0.1`,
  ]);
  const { value, problems } = readSnapshot(
    new Map([
      ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["r"] })],
      ["netns/r/ip-addr.json", JSON.stringify(links)],
      ["netns/r/ip-route.txt", `${routes.join("\n")}\n`],
      [
        "netns/r/sysctl.txt",
        Object.entries({ ...FORWARDING, ...sysctls })
          .map(([name, to]) => `${name} = ${to}\n`)
          .join(""),
      ],
      ["netns/r/iptables-save.txt", `${tables.join("\n")}\n`],
    ]),
    "",
  );
  expect(problems).toEqual([]);
  return value;
}

function frame(device: string, octets: Uint8Array, number: number): Frame {
  const { packet } = decodePacket(octets);
  const seen = { number, time: BigInt(number) * 1_000_000n, captured: octets.length, length: octets.length, linkType: "RAW" };
  return { ...seen, interfaceName: device, type: "host", ...(packet && { packet }) };
}

/** What the replay has leaving, and whether that is made by the router itself. */
function leaving({ way }: PacketTrace): { readonly out: readonly Appearance[]; readonly index: number; readonly made: boolean }[] {
  const own = way.out.map((_, index) => ({ out: way.out, index, made: false }));
  return [...own, ...way.replies.flatMap((reply) => reply.way.out.map((_, index) => ({ out: reply.way.out, index, made: true })))];
}

describe("the replay of recorded packets", () => {
  it.each(recorded.map((test) => [test.name, test] as const))("%s", (_, test) => {
    const packets = test.packets.map(([device, octets]) => [device, hex(octets)] as const);
    const replay = createReplay(router(test), { netns: "r", capture: "recorded.pcap" });
    const traces = [...packets.flatMap(([device, octets], i) => replay.push(frame(device, octets, i + 1))), ...replay.finish()];
    const found = traces.map((trace, i) => {
      const kernel = test.kernel.filter(([after]) => after === i);
      return leaving(trace).map(({ out, index, made }, n) => {
        const [, device, octets] = kernel[n] ?? [];
        const one = out[index];
        if (octets === undefined || !one) return "the kernel sends nothing";
        if (device !== one.interface) return `the kernel sends it by ${device}`;
        const sent = packets.slice(0, i + 1).map(([, packet]) => packet);
        return made ? differsMade(one.packet, hex(octets)) : differsOut(sent, out, index, hex(octets));
      });
    });
    const expected = packets.map((_, i) => test.kernel.filter(([after]) => after === i).map(() => undefined));
    expect(found).toEqual(expected);
  });
});
