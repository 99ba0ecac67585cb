import type { Node } from "yaml";
import type { PacketFilter } from "../../model/test-file.ts";
import { readNumber, readPrefix, readProtocol } from "./values.ts";
import type { YamlReader } from "./yaml-reader.ts";

type Read = (reader: YamlReader, node: Node) => unknown;

const PORT: Read = (reader, node) => readNumber(reader, node, "a port", 0xffff);
const FIELDS: Readonly<Record<keyof PacketFilter, Read>> = {
  src: readPrefix,
  dst: readPrefix,
  address: readPrefix,
  protocol: readProtocol,
  sport: PORT,
  dport: PORT,
  flow: (reader, node) => readNumber(reader, node, "the number of a connection", 0xffffffff),
  packet: (reader, node) => readNumber(reader, node, "the number of a packet", 0xffffffff),
};
const KEYS = Object.keys(FIELDS) as (keyof PacketFilter)[];

/** Reads what stands after `where:`; each value may be a list of values. */
export function readPacketFilter(reader: YamlReader, node: Node): PacketFilter {
  const entries = reader.entries(node, KEYS, "which packets are meant");
  const fields = [...(entries ?? [])].map(([key, { value }]) => {
    const values = reader.members(value).map((one) => FIELDS[key](reader, one));
    return [key, values.filter((one) => one !== undefined)] as const;
  });
  return Object.fromEntries(fields);
}
