import { describe, expect, it } from "vitest";
import { packetOctets, unsignedAt } from "../../src/extensions/packet-octets.ts";
import type { Packet } from "../../src/model/packet.ts";
import { address, packet } from "./context.ts";

const HEADER = 20;
const COVERAGE = HEADER + 4;
const CHECKSUM = HEADER + 6;

/** A UDP-Lite packet of which the checksum covers so many octets, as the kernel sent it (10.3.0.1:40002 to 10.1.0.2:8080). */
function lite(coverage: number, checksum: number): Packet {
  const payload = Uint8Array.from(Buffer.from(`9c421f90${hex(coverage)}${hex(checksum)}000166696c65006f6374657400`, "hex"));
  return packet({
    ...{ protocol: 136, src: address("10.3.0.1"), dst: address("10.1.0.2"), length: HEADER + payload.length, payload },
    transport: { kind: "ports", sport: 40002, dport: 8080 },
  });
}

const hex = (value: number) => value.toString(16).padStart(4, "0");
const checksumOf = (one: Packet) => unsignedAt(packetOctets(one), CHECKSUM, 2);

describe("the checksum of UDP-Lite", () => {
  it("is what was sent where it is that of the packet", () => {
    expect(checksumOf(lite(0, 0x9361))).toBe(0x9361);
    expect(unsignedAt(packetOctets(lite(0, 0x9361)), COVERAGE, 2)).toBe(0);
    expect(checksumOf(lite(8, 0x2f81))).toBe(0x2f81);
  });

  it("is not known once translation has changed the packet, or where it was wrong", () => {
    expect(checksumOf({ ...lite(0, 0x9361), dst: address("127.0.0.1") })).toBeUndefined();
    expect(checksumOf(lite(0, 0x9362))).toBeUndefined();
    expect(checksumOf(lite(2000, 0x9361))).toBeUndefined();
  });
});
