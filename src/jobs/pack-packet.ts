import type { Packet, Transport } from "../model/packet.ts";
import type { PackedPacket } from "./batch.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A packet as it differs from the one that was captured. */
export function packPacket(packet: Packet, own: Packet): PackedPacket {
  if (packet === own) return 0;
  return difference(packet as unknown as Fields, own as unknown as Fields, (name, value, before) => {
    if (name !== "transport") return detached(value);
    const [transport, known] = [value as Transport, before as Transport | undefined];
    const isSame = transport.kind === known?.kind;
    return { of: isSame, ...difference(transport as unknown as Fields, (isSame ? known : {}) as Fields, (_name, one) => detached(one)) };
  });
}

/** What `packPacket` has packed. */
export function unpackPacket(packed: PackedPacket, own: Packet): Packet {
  if (packed === 0) return own;
  const packet = applied(packed, own as unknown as Fields);
  const transport = packed.changed["transport"] as ({ readonly of: boolean } & Exclude<PackedPacket, 0>) | undefined;
  if (transport) packet["transport"] = applied(transport, (transport.of ? own.transport : {}) as Fields);
  return packet as unknown as Packet;
}

function difference(fields: Fields, own: Fields, pack: (name: string, value: unknown, own: unknown) => unknown): Exclude<PackedPacket, 0> {
  const changed: Record<string, unknown> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== own[name]) changed[name] = value === undefined ? undefined : pack(name, value, own[name]);
  }
  const lacks = Object.keys(own).filter((name) => !(name in fields));
  return lacks.length > 0 ? { changed, lacks } : { changed };
}

function applied({ changed, lacks = [] }: Exclude<PackedPacket, 0>, own: Fields): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...own, ...changed };
  for (const name of lacks) delete fields[name];
  return fields;
}

/** A copy that holds on to nothing: octets lie in the capture, all of which would go along. */
export function detached(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(detached);
  const copy: Record<string, unknown> = {};
  for (const name in value) copy[name] = detached((value as Fields)[name]);
  return copy;
}
