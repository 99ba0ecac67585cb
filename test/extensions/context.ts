import type { PacketContext, StateCells } from "../../src/extensions/spec.ts";
import { parseAddress } from "../../src/model/address.ts";
import type { IpSet, Tuple } from "../../src/model/host.ts";
import type { Packet, Tcp } from "../../src/model/packet.ts";

/** State cells of one test. */
export function cells(): StateCells {
  const map = new Map<string, unknown>();
  return {
    get: <T>(key: string) => map.get(key) as T | undefined,
    set: (key, value) => {
      map.set(key, value);
    },
  };
}

export function address(text: string): number | bigint {
  const found = parseAddress(text);
  if (found === undefined) throw new Error(`not an address: ${text}`);
  return found;
}

export function packet(change: Partial<Packet> = {}): Packet {
  return {
    family: 4,
    src: address("10.0.0.1"),
    dst: address("10.0.0.2"),
    protocol: 17,
    ttl: 64,
    tos: 0,
    length: 48,
    headerLength: 20,
    transport: { kind: "udp", sport: 1000, dport: 53, length: 28 },
    payload: new Uint8Array(28),
    ...change,
  };
}

export function tcp(change: Partial<Tcp> = {}, of: Partial<Packet> = {}): Packet {
  const transport: Tcp = {
    kind: "tcp",
    sport: 1000,
    dport: 80,
    seq: 1,
    ack: 0,
    flags: 2,
    window: 100,
    headerLength: 20,
    options: [],
    ...change,
  };
  const length = 20 + transport.headerLength;
  return packet({ protocol: 6, length, transport, payload: new Uint8Array(transport.headerLength), ...of });
}

/** A packet whose transport header is missing: `octets` of it are there on the wire and in the capture. */
export function short(protocol: number, octets: readonly number[]): Packet {
  const { transport: _, ...rest } = packet({ protocol, length: 20 + octets.length, payload: Uint8Array.from(octets), defect: "short" });
  return rest;
}

/** A packet of which nothing behind the IP header was captured. */
export function uncaptured(protocol: number): Packet {
  const { transport: _, ...rest } = packet({ protocol, length: 1000, payload: new Uint8Array(0), defect: "uncaptured" });
  return rest;
}

/** A fragment other than the first. */
export function laterFragment(protocol: number, offset = 1480): Packet {
  const { transport: _, ...rest } = packet({ protocol, fragment: { offset, more: false } });
  return rest;
}

export function tuple(src: string, sport: number, dst: string, dport: number, protocol = 6): Tuple {
  return { src: address(src), dst: address(dst), protocol, sport, dport };
}

export function ipset(
  name: string,
  type: string,
  elements: readonly (string | readonly [string, Record<string, string>])[],
  options: Record<string, string> = {},
): IpSet {
  return {
    name,
    type,
    family: 4,
    options: new Map(Object.entries(options)),
    entries: elements.map((entry) =>
      typeof entry === "string"
        ? { element: entry, options: new Map() }
        : { element: entry[0], options: new Map(Object.entries(entry[1])) },
    ),
  };
}

export function context(change: Partial<PacketContext> = {}): PacketContext {
  return {
    packet: packet(),
    family: change.packet?.family ?? 4,
    netns: "host",
    hook: "INPUT",
    table: "filter",
    backend: "legacy",
    in: "eth0",
    out: "",
    bridged: false,
    mark: 0,
    priority: 0,
    time: 1_700_000_000_000_000_000n,
    frameType: "host",
    ctState: "NEW",
    ruleKey: "host:filter:INPUT:1",
    cells: cells(),
    realm: 0,
    addressType: () => "UNICAST",
    pathMtu: () => undefined,
    reversePath: () => true,
    ...change,
  };
}
