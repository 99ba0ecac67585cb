import { type DumpLine, readDumpLine } from "../../../grammars/tcpdump.ts";
import type { Frame, Packet } from "../../model/packet.ts";
import { decodeEthernet } from "../../wire/ethernet.ts";
import type { FrameDraft, LinkDecoder } from "../../wire/frame-draft.ts";
import { decodeLinuxSll, decodeLinuxSll2 } from "../../wire/linux-sll.ts";
import { decodeLoopback, decodeRawIp } from "../../wire/raw-ip.ts";
import type { IpText } from "./ip-text.ts";

/** No packet is longer: a damaged dump must not fill the memory. */
const MOST_OCTETS = 1 << 18;
const LONGER = 1 << 17;

/** Where the octets of a dump may begin: at the IP header (-x), or at the frame's (-xx). */
const DECODERS: readonly (readonly [name: string, decode: LinkDecoder, header: number])[] = [
  ["IP", decodeRawIp, 0],
  ["EN10MB", decodeEthernet, 14],
  ["LINUX_SLL2", decodeLinuxSll2, 20],
  ["LINUX_SLL", decodeLinuxSll, 16],
  ["NULL", decodeLoopback, 4],
];

/** Octets that the lines of -x, -xx, -X and -XX give, as long as they follow each other. */
export function dumpOctets(lines: readonly string[]): Uint8Array | undefined {
  const octets: number[] = [];
  for (const line of lines) {
    const read: DumpLine | undefined = readDumpLine(line);
    if (!read) continue;
    if (read.offset !== octets.length || octets.length > MOST_OCTETS) break;
    octets.push(...read.octets);
  }
  return octets.length === 0 ? undefined : Uint8Array.from(octets);
}

/** What dumped octets say of a frame whose addresses the text tells; undefined when they are not its own. */
export function fromDump(octets: Uint8Array, told: IpText, frame: Frame): Frame | undefined {
  for (const [name, decode, header] of DECODERS) {
    const draft: FrameDraft = { ...frame };
    if (name === "LINUX_SLL2" || name === "LINUX_SLL") delete draft.vlans;
    decode(draft, octets, 0, octets.length, octets.length);
    // A packet that was not captured to its end.
    if (!draft.packet) decode(draft, octets, 0, octets.length, LONGER);
    const packet: Packet | undefined = draft.packet;
    if (packet?.src !== told.src || packet.dst !== told.dst) continue;
    delete draft.defect;
    delete draft.refused;
    const below = Math.max(0, frame.length - told.length);
    const captured = name === "IP" ? octets.length + below : octets.length;
    const length = Math.max(frame.length, packet.length + (name === "IP" ? below : header));
    return { ...draft, captured: Math.min(captured, length), length, ...(name !== "IP" && { linkType: frame.linkType ?? name }) };
  }
  return undefined;
}
