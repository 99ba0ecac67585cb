import { PROTOCOL } from "../../../src/model/packet.ts";
import type { Sent as Observed } from "../lab/protocol.ts";
import { read } from "../wire/octets.ts";
import { ETHERNET_HEADER, packetOctets, type Sent } from "./frame.ts";

const HEADER = 40;
const LENGTH = 4;
const SOURCE = 8;
/** Behind type and addresses, and how long it is with what follows the checksum in the 20 octets behind the IP header that nft shows (nf_tables_trace.c, NFT_TRACETYPE_TRANSPORT_HSIZE). */
const DESTINATION = 1 + 16;
const BODY = 1 + 16 + 16;
const SHOWN = BODY + 16;
const SOLICITATION = 135;
const FIRST_INFORMATIONAL = 128;
const ERROR_HEADER = 8;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
/** Router solicitations, neighbour solicitations and their answers, and reports of multicast listeners. */
const OWN: readonly number[] = [131, 132, 133, SOLICITATION, 136, 143];

/** What a kernel did because of a packet alone, and the devices, "netns device", on which it has asked for a neighbour meanwhile. */
interface Parted {
  readonly caused: Observed;
  readonly asked: readonly string[];
  /** Chains whose rules saw something of the rest. */
  readonly met: readonly { readonly netns: string; readonly table: string; readonly chain: string }[];
}

/** Parts from what the kernel did with a packet what it says itself for discovery: who is where, and which groups it has joined. */
export function parted(sent: Sent, kernel: Observed): Parted {
  if (read(packetOctets(sent), 0, 1) >> 4 !== 6) return { caused: kernel, asked: [], met: [] };
  const given = talkIn(packetOctets(sent));
  const asked: string[] = [];
  // Of what a program of this host sent, and was refused, the replay has the errors.
  const isProgram = sent.device === undefined && given !== undefined;
  const isOwn = (octets: Uint8Array, where?: string, afterOwn = true): boolean => {
    const talk = talkIn(octets);
    if (talk === undefined) return !isProgram && isErrorAboutTalk(octets, given, afterOwn);
    if (isSame(talk, given)) return false;
    if (talk[0] === SOLICITATION && where !== undefined) asked.push(where);
    return true;
  };
  const frames = kernel.frames.filter(({ netns, device, direction, frame }) => {
    const octets = fromHex(frame).subarray(ETHERNET_HEADER);
    return !isOwn(octets, direction === "out" ? `${netns} ${device}` : undefined);
  });
  // Of nft only the first step of a built-in chain has the packet.
  const last = new Map<string, boolean>();
  const met: Parted["met"][number][] = [];
  const steps = kernel.steps.filter(({ netns, table, chain, out, packet }) => {
    if (packet) last.set(netns, isOwn(fromHex(packet), out === "" ? undefined : `${netns} ${out}`, last.get(netns) === true));
    if (last.get(netns) !== true) return true;
    met.push({ netns, table, chain });
    return false;
  });
  const delivered = kernel.delivered.filter(
    (one) => !("payload" in one) || one.protocol !== PROTOCOL.icmpv6 || !isOwnMessage(fromHex(one.payload), given),
  );
  return { caused: { ...kernel, frames, steps, delivered }, asked, met };
}

/**
 * Whether a packet is an ICMPv6 error about such a message, other than the one that was given, as where rules reject it; of what it quotes
 * nft shows the beginning only.
 */
function isErrorAboutTalk(octets: Uint8Array, given: Uint8Array | undefined, afterOwn: boolean): boolean {
  if (read(octets, 0, 1) >> 4 !== 6 || read(octets, 6, 1) !== PROTOCOL.icmpv6 || read(octets, HEADER, 1) >= FIRST_INFORMATIONAL)
    return false;
  const quote = octets.subarray(HEADER + ERROR_HEADER);
  if (quote.length > HEADER) {
    const talk = talkIn(quote, true);
    return talk !== undefined && !isSame(talk, given);
  }
  return afterOwn && quote.length > HOP_LIMIT && quote[NEXT_HEADER] === PROTOCOL.icmpv6 && quote[HOP_LIMIT] === 255;
}

const fromHex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

function isOwnMessage(message: Uint8Array, given: Uint8Array | undefined): boolean {
  return OWN.includes(message[0] ?? 0) && message[0] !== given?.[0];
}

/** Whether a message is the one that was given, though one of its addresses may have been translated; nft shows the message in part. */
function isSame(talk: Uint8Array, given: Uint8Array | undefined): boolean {
  if (given === undefined || talk[0] !== given[0]) return false;
  const same = (from: number, to: number) => talk.subarray(from, to).every((octet, i) => octet === given[from + i]);
  if (talk.length !== given.length && talk.length !== SHOWN) return false;
  return same(BODY, talk.length) && (talk.length === given.length || same(1, DESTINATION) || same(DESTINATION, BODY));
}

/** The type of such a message, its addresses, and what follows its checksum, if a packet is one. */
function talkIn(octets: Uint8Array, quoted = false): Uint8Array | undefined {
  if (read(octets, 0, 1) >> 4 !== 6) return undefined;
  const next = read(octets, 6, 1);
  // nft shows the headers without the options between them; a quote has them, even where it is cut short.
  const hasOptions = next === PROTOCOL.hopopt && read(octets, HEADER, 1) === PROTOCOL.icmpv6;
  if (next !== PROTOCOL.icmpv6 && next !== PROTOCOL.hopopt) return undefined;
  const isWhole = quoted || octets.length >= HEADER + read(octets, LENGTH, 2);
  if (next === PROTOCOL.hopopt && !hasOptions && (isWhole || read(octets, HOP_LIMIT, 1) !== 1)) return undefined;
  const start = hasOptions ? HEADER + (read(octets, HEADER + 1, 1) + 1) * 8 : HEADER;
  const type = read(octets, start, 1);
  // A header with the number of SCTP, as of authentication, looks like a message where its options are not shown, but has no code 0.
  const isMessage = OWN.includes(type) && read(octets, start + 1, 1) === 0;
  return isMessage ? Uint8Array.of(type, ...octets.subarray(SOURCE, HEADER), ...octets.subarray(start + 4)) : undefined;
}
