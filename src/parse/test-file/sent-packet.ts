import type { Node } from "yaml";
import type { Entrance, Said, SentPacket } from "../../model/test-file.ts";
import { readExpectation } from "./expectation.ts";
import { readPacketText } from "./packet-text.ts";
import { readFlag, readSpan } from "./values.ts";
import type { Lookup, YamlReader } from "./yaml-reader.ts";

/** The keys that say where a packet enters. */
export const ENTRANCE_KEYS = ["netns", "interface", "out-of-socket"] as const;

/** The keys of each of several packets. */
export const PACKET_KEYS = ["name", "packet", ...ENTRANCE_KEYS, "after", "expect"] as const;

/** The keys that a packet has when it is the only one of its test, whose name it then has. */
const ALONE_KEYS = ["packet", ...ENTRANCE_KEYS, "expect"] as const;

const NOT_SAID: Entrance = { isFromSocket: false };

/** Reads the only packet of a test. */
export function readOnlyPacket(reader: YamlReader, node: Node, entries: Lookup<(typeof ALONE_KEYS)[number]>): SentPacket | undefined {
  return readSent(reader, node, { get: (key) => (isKeyOf(ALONE_KEYS, key) ? entries.get(key) : undefined) }, NOT_SAID, true);
}

function isKeyOf<K extends string>(keys: readonly K[], key: string): key is K {
  return keys.some((known) => known === key);
}

/** Reads a packet with its own keys, or as a text alone; where it does not say where it enters, it enters where the test says. */
export function readSent(
  reader: YamlReader,
  node: Node,
  entries: Lookup<(typeof PACKET_KEYS)[number]> | undefined,
  entrance: Entrance,
  isFirst: boolean,
): SentPacket | undefined {
  const written = entries ? entries.get("packet")?.value : node;
  if (!written) return reader.report(node, "packet is missing: PROTOCOL SOURCE DESTINATION, or reply");
  const text = reader.text(written, "PROTOCOL SOURCE DESTINATION, or reply");
  if (text === undefined) return undefined;
  const isReply = text === "reply";
  if (isReply && isFirst) return reader.report(written, "there is no packet before this one that it could be the reply to");
  const described = isReply ? undefined : readPacketText(reader, written, text);
  if (!isReply && !described) return undefined;
  const own = ENTRANCE_KEYS.map((key) => entries?.get(key)).find((entry) => entry !== undefined);
  if (isReply && own) reader.report(own.key, "a reply enters where the packet before it ended");
  const name = entries?.get("name");
  const after = entries?.get("after");
  const expected = entries?.get("expect");
  const expect = expected && readExpectation(reader, expected.value, "packet");
  const span = after && readSpan(reader, after.value);
  const label = name && reader.text(name.value, "a name");
  const mark = described?.mark;
  const enters = entries ? readEntrance(reader, entries, entrance) : entrance;
  if (mark !== undefined && !enters.isFromSocket)
    reader.report(written, "--mark needs out-of-socket: true, since packets do not carry their mark over a wire");
  return {
    ...enters,
    ...(label !== undefined && { name: label }),
    words: { value: described?.words ?? "reply", spot: reader.spot(written) },
    text,
    ...(mark !== undefined && { mark }),
    ...(span !== undefined && { after: span }),
    ...(expected && expect && { expect: { value: expect, spot: reader.spot(expected.key) } }),
  };
}

/** Reads where packets enter; what is not said is as it is `otherwise`. */
export function readEntrance(
  reader: YamlReader,
  entries: Lookup<(typeof ENTRANCE_KEYS)[number]>,
  otherwise: Entrance = NOT_SAID,
): Entrance {
  const said = (key: "netns" | "interface", what: string): Said<string> | undefined => {
    const entry = entries.get(key);
    const value = entry && reader.text(entry.value, what);
    return entry && value !== undefined ? { value, spot: reader.spot(entry.value) } : undefined;
  };
  const netns = said("netns", "a network namespace") ?? otherwise.netns;
  const own = said("interface", "a device");
  const socket = entries.get("out-of-socket");
  const isFromSocket = socket ? readFlag(reader, socket.value) === true : !own && otherwise.isFromSocket;
  if (isFromSocket && own && socket) reader.report(socket.key, "interface and out-of-socket contradict each other: give one of them");
  const device = own ?? (isFromSocket ? undefined : otherwise.interface);
  return { ...(netns && { netns }), ...(device && { interface: device }), isFromSocket };
}
