import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/model/address.ts";
import type { Frame, Transport } from "../../src/model/packet.ts";
import { formatTime } from "../../src/wire/time.ts";
import { tunnelOf } from "../../src/wire/tunnel.ts";
import { readAll } from "./pcap-bytes.ts";

const FOLDER = join(import.meta.dirname, "captures");
const ETH_8021Q = 0x8100;
const ETH_8021AD = 0x88a8;
const FRAME_TYPES = ["host", "broadcast", "multicast", "otherhost", "outgoing"];

/** tshark's rows: field name → text, "" where the packet has no such field. */
function truthOf(capture: string): Record<string, string>[] {
  const [head = "", ...rows] = readFileSync(join(FOLDER, capture.replace(/pcap(ng)?$/, "fields.tsv")), "utf8")
    .trimEnd()
    .split("\n");
  const names = head.split("\t");
  return rows.map((row) => Object.fromEntries(row.split("\t").map((text, i) => [names[i] ?? "", text])));
}

const text = (value: number | undefined) => (value === undefined ? "" : String(value));

function fieldsOf(frame: Frame): Record<string, string> {
  const { packet } = frame;
  const fields: Record<string, string> = {
    "frame.time_epoch": `${frame.time / 1_000_000_000n}.${String(frame.time % 1_000_000_000n).padStart(9, "0")}`,
    "frame.len": text(frame.length),
    "frame.cap_len": text(frame.captured),
    "vlan.id": text(frame.vlans?.find((tag) => tag.protocol === ETH_8021Q)?.id),
    "ieee8021ad.id": text(frame.vlans?.find((tag) => tag.protocol === ETH_8021AD)?.id),
    "sll.ifindex": text(frame.interfaceIndex),
    "sll.pkttype": frame.type ? text(FRAME_TYPES.indexOf(frame.type)) : "",
  };
  if (!packet) return fields;
  const [ip, ttl] = packet.family === 4 ? ["ip", "ip.ttl"] : ["ipv6", "ipv6.hlim"];
  fields[`${ip}.src`] = formatAddress(packet.src);
  fields[`${ip}.dst`] = formatAddress(packet.dst);
  fields[ttl] = text(packet.ttl);
  if (packet.family === 4) fields["ip.frag_offset"] = text((packet.fragment?.offset ?? 0) / 8);
  const { transport } = packet;
  if (transport?.kind === "icmp") fields[packet.family === 4 ? "icmp.type" : "icmpv6.type"] = text(transport.type);
  // The first UDP or TCP header that tshark sees in an ICMP error is the quoted one.
  Object.assign(fields, portsOf(transport?.kind === "icmp" ? transport.quoted?.transport : transport));
  return fields;
}

function portsOf(transport: Transport | undefined): Record<string, string> {
  if (transport?.kind === "udp") return { "udp.srcport": text(transport.sport), "udp.dstport": text(transport.dport) };
  if (transport?.kind !== "tcp") return {};
  return {
    "tcp.srcport": text(transport.sport),
    "tcp.dstport": text(transport.dport),
    "tcp.seq_raw": text(transport.seq),
    "tcp.flags": `0x${transport.flags.toString(16).padStart(4, "0")}`,
  };
}

describe("captures of a real kernel", () => {
  const captures = readdirSync(FOLDER).filter((name) => name.endsWith(".pcap"));

  it("are of every link type that this kernel writes", async () => {
    const seen = await Promise.all(captures.map(async (name) => (await readAll(readFileSync(join(FOLDER, name)))).frames[0]?.linkType));
    expect([...new Set(seen)].sort()).toEqual(["EN10MB", "LINUX_SLL", "LINUX_SLL2", "RAW"]);
  });

  for (const capture of captures) {
    it(`${capture} reads as tshark reads it`, async () => {
      const { frames, problem } = await readAll(readFileSync(join(FOLDER, capture)));
      const truth = truthOf(capture);
      expect(problem).toBeUndefined();
      expect(frames.length).toBe(truth.length);
      expect(frames.length).toBeGreaterThan(0);
      for (const [i, frame] of frames.entries()) {
        const expected = Object.fromEntries(Object.entries(truth[i] ?? {}).filter(([, value]) => value !== ""));
        const found = Object.fromEntries(Object.entries(fieldsOf(frame)).filter(([, value]) => value !== ""));
        if (frame.packet?.defect === "uncaptured") expect({ ...found, ...expected }, `${frame.number}`).toMatchObject(found);
        else expect(found, `${frame.number}`).toEqual(expected);
      }
    });
  }

  it("have the checksums that the kernel filled in, or left to the card", async () => {
    const { frames } = await readAll(readFileSync(join(FOLDER, "ethernet.pcap")));
    const counts = new Map<string, number>();
    for (const { packet } of frames) {
      if (packet?.checksum) counts.set(packet.checksum, (counts.get(packet.checksum) ?? 0) + 1);
      if (packet?.family === 4) expect(packet.headerChecksum).toBe("good");
    }
    expect([...counts.keys()].sort()).toEqual(["absent", "good", "partial", "unseen"]);
  });
});

it("a capture of several devices at once reads as tshark reads it, the outermost ARP or IP addresses and what the tunnel is", async () => {
  const { frames, problem, digits } = await readAll(readFileSync(join(FOLDER, "devices.pcapng")));
  expect({ problem, digits }).toEqual({ problem: undefined, digits: 9 });
  const found = frames.map((frame) => {
    const { packet, arp } = frame;
    const family = packet?.family === 4 ? "ip" : "ipv6";
    const tunnel = packet && tunnelOf(packet);
    return {
      "frame.time_epoch": `${frame.time / 1_000_000_000n}.${String(frame.time % 1_000_000_000n).padStart(9, "0")}`,
      "frame.len": text(frame.length),
      "frame.cap_len": text(frame.captured),
      "frame.interface_name": frame.interfaceName,
      ...(packet && { [`${family}.src`]: formatAddress(packet.src), [`${family}.dst`]: formatAddress(packet.dst) }),
      ...(arp && { "arp.src.proto_ipv4": formatAddress(arp.sender) }),
      ...(tunnel?.id !== undefined && { "vxlan.vni": text(tunnel.id) }),
    };
  });
  // What tshark shows of the packet within a tunnel, where it is of another kind than the outer one, is not compared.
  const outermost = (row: Record<string, string>) => {
    const within = row["vxlan.vni"] ? ["ipv6.src", "ipv6.dst", "arp.src.proto_ipv4"] : [];
    return Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== "" && !within.includes(name)));
  };
  expect(found).toEqual(truthOf("devices.pcapng").map(outermost));
  expect(new Set(found.map((row) => row["frame.interface_name"]))).toEqual(new Set(["eth0", "lo", "vx0"]));
  expect(found.some((row) => row["vxlan.vni"] === "42")).toBe(true);
});

describe("times", () => {
  it("are RFC 3339 in UTC with the capture's digits", () => {
    expect(formatTime(1795273705_292605001n, 6)).toBe("2026-11-21T15:08:25.292605Z");
    expect(formatTime(1795273705_292605001n, 9)).toBe("2026-11-21T15:08:25.292605001Z");
    expect(formatTime(0n, 6)).toBe("1970-01-01T00:00:00.000000Z");
  });
});
