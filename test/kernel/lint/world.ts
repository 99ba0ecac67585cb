import { createHash } from "node:crypto";
import { type Address, type Family, formatAddress } from "../../../src/model/address.ts";
import type { Packet } from "../../../src/model/packet.ts";
import type { Hook } from "../../../src/model/rule.ts";
import type { Plan, Sending } from "../lab/protocol.ts";
import { ETHER, ethernet } from "../wire/build.ts";
import { octetsOf } from "./octets.ts";

/** The namespace that rules are loaded into. */
export const NETNS = "host";
/** Its devices: those that drawn rules name, and those that the linter takes where a rule names none. */
const DEVICES = ["in0", "in1", "out0", "out1", "eth0", "eth1", "lan", "wan"] as const;
const NEIGHBOUR = "02:00:00:00:99:01";

/** A packet, and how it goes. */
export interface Journey {
  readonly packet: Packet;
  /** Absent for one that a local socket sends. */
  readonly in?: string;
  /** Absent for one that stays. */
  readonly out?: string;
  readonly mark?: number;
}

/** Each device has its own, which its name decides. */
const macOf = (device: string): string => `02:00:${createHash("sha256").update(device).digest("hex").slice(0, 8).match(/../g)?.join(":")}`;

/** A device of the namespace: the one with a name, or the first. */
function deviceCalled(name: string, otherwise: string): string {
  return DEVICES.find((one) => one === name) ?? otherwise;
}

/** A namespace with a ruleset in which packets can go any way; the routes of journeys go first come, first served. */
export function world(rules: string, family: Family, backend: Plan["backend"], journeys: readonly Journey[]): Plan {
  const four = family === 4;
  const named = journeys.flatMap(({ in: input, out }) => [input, out].flatMap((name) => name ?? []));
  const devices = [...new Set<string>([...DEVICES, ...named])];
  const addresses = devices.map((device, i) => (four ? `addr add 10.9.${i}.1/24 dev ${device}` : `addr add fd00:${i}::1/64 dev ${device}`));
  const commands = [...addresses, ...routesOf(journeys)];
  const sysctls = four
    ? {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "0",
        "net.ipv4.conf.all.accept_local": "1",
      }
    : { "net.ipv6.conf.all.forwarding": "1" };
  return {
    backend,
    namespaces: [{ name: NETNS, sysctls, ...(four ? { commands, rules } : { commands6: commands, rules6: rules, ipv6: true }) }],
    links: devices.map((device) => ({ a: { netns: NETNS, device, mac: macOf(device) }, b: null })),
  };
}

/** Commands of `ip` for the routes and neighbours of journeys there and back. */
function routesOf(journeys: readonly Journey[]): readonly string[] {
  const ways = new Map<Address, string>();
  const lead = (address: Address, device: string | undefined) => {
    if (!ways.has(address)) ways.set(address, device ?? "");
  };
  for (const { packet, in: input, out } of journeys) {
    lead(packet.dst, out);
    lead(packet.src, input);
  }
  return [...ways].flatMap(([address, device]) => {
    const text = formatAddress(address);
    if (device === "") return [`route replace local ${text} dev lo`];
    return [`route replace ${text} dev ${device}`, `neigh replace ${text} lladdr ${NEIGHBOUR} dev ${device} nud permanent`];
  });
}

/** What a lab is asked to send. */
export function sendingOf({ packet, in: input, mark }: Journey): Sending {
  const octets = octetsOf(packet);
  if (input === undefined) return { netns: NETNS, packet: hex(octets), ...(mark !== undefined && { mark: mark | 0 }) };
  const frame = ethernet(macOf(input), NEIGHBOUR, packet.family === 4 ? ETHER.ipv4 : ETHER.ipv6, octets);
  return { netns: NETNS, device: input, frame: hex(frame) };
}

/** The way by which a packet comes to a hook, on devices of the world. */
export function journeyTo(hook: Hook, packet: Packet, input: string, output: string, mark: number): Journey {
  const [i, o] = [deviceCalled(input, "in0"), deviceCalled(output, "out0")];
  const staysHere = hook === "INPUT" || (hook === "PREROUTING" && BigInt(packet.dst) % 2n === 0n);
  const isLocal = hook === "OUTPUT" || (hook === "POSTROUTING" && input === "");
  return { packet, ...(isLocal ? { mark } : { in: i }), ...(!staysHere && { out: o }) };
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex");
}
