import { expect, it } from "vitest";
import { withQuotedAddress } from "../../src/engine/header-changes.ts";
import { parseAddress } from "../../src/model/address.ts";
import type { Packet } from "../../src/model/packet.ts";

const HOST = parseAddress("2001:db8:5::11") ?? 0n;

function packetOf(protocol: number, transport: Packet["transport"]): Packet {
  const [src, dst] = [parseAddress("2001:db8:1::10") ?? 0n, HOST];
  const shape = { family: 6, ttl: 64, tos: 0, length: 48, headerLength: 40, checksum: "good", payload: new Uint8Array(8) } as const;
  return { ...shape, src, dst, protocol, ...(transport && { transport }) };
}

const error = packetOf(58, { kind: "icmp", type: 1, code: 1, quoted: packetOf(17, { kind: "udp", sport: 53, dport: 53, length: 8 }) });

it("spoils the checksum of an error when the address that it quotes adds up to something else", () => {
  const changed = withQuotedAddress(error, "dst", parseAddress("2001:db8:1:fffe::11") ?? 0n);
  expect(changed.checksum).toBe("bad");
  expect(changed.transport?.kind === "icmp" && changed.transport.quoted?.checksum).toBe("bad");
});

it("leaves it right when a word makes up for the change", () => {
  expect(withQuotedAddress(error, "dst", parseAddress("2001:db8:1:4::11") ?? 0n).checksum).toBe("good");
});
