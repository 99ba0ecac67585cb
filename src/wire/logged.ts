import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { u8, u16, u16le, u32, view } from "./octets.ts";
import { decodeRawIp } from "./raw-ip.ts";

const NFLOG_HEADER = 4;
const ATTRIBUTE_HEADER = 4;
const ATTRIBUTE_TYPE = 2;
// include/uapi/linux/netfilter/nfnetlink_log.h
const NFULA_IFINDEX_INDEV = 4;
const NFULA_IFINDEX_OUTDEV = 5;
const NFULA_PAYLOAD = 9;
const HIGHEST_TYPE = 0xff;

const PFLOG_LENGTH = 0;
const PFLOG_NAME = 4;
const PFLOG_NAME_LENGTH = 16;
const PFLOG_DIRECTION = 60;
const PFLOG_SHORTEST = 61;
const PFLOG_SENT = 2;

/** Decodes what the NFLOG target logged (LINKTYPE_NFLOG): attributes, one of which is the packet. */
export function decodeNflog(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "NFLOG", NFLOG_HEADER, start, end)) return;
  // Attributes are in the byte order of the host that logged, which nothing tells: types are small numbers.
  const little = u16le(bytes, start + NFLOG_HEADER + ATTRIBUTE_TYPE) <= HIGHEST_TYPE;
  const half = little ? u16le : u16;
  for (let at = start + NFLOG_HEADER; at + ATTRIBUTE_HEADER <= end; ) {
    const length = half(bytes, at);
    const type = half(bytes, at + ATTRIBUTE_TYPE);
    const data = at + ATTRIBUTE_HEADER;
    if (length < ATTRIBUTE_HEADER) {
      frame.defect = `an NFLOG attribute has a length of ${length}, at least ${ATTRIBUTE_HEADER} expected`;
      return;
    }
    if (type === NFULA_IFINDEX_INDEV || (type === NFULA_IFINDEX_OUTDEV && frame.interfaceIndex === undefined)) {
      frame.interfaceIndex = u32(bytes, data);
    }
    if (type === NFULA_PAYLOAD) {
      decodeRawIp(frame, bytes, data, Math.min(end, at + length), Math.min(wireEnd, at + length));
      return;
    }
    at += (length + 3) & ~3;
  }
}

/** Decodes what pf logged (LINKTYPE_PFLOG): device and direction, then IP. */
export function decodePflog(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "PFLOG", PFLOG_SHORTEST, start, end)) return;
  const length = (u8(bytes, start + PFLOG_LENGTH) + 3) & ~3;
  if (!hasHeader(frame, "PFLOG", Math.max(length, PFLOG_SHORTEST), start, end)) return;
  const octets = view(bytes, start + PFLOG_NAME, start + PFLOG_NAME + PFLOG_NAME_LENGTH);
  const nul = octets.indexOf(0);
  const name = new TextDecoder("latin1").decode(nul < 0 ? octets : octets.subarray(0, nul)).replaceAll(/\p{Cc}/gu, "?");
  if (name !== "") frame.interfaceName = name;
  if (u8(bytes, start + PFLOG_DIRECTION) === PFLOG_SENT) frame.type = "outgoing";
  decodeRawIp(frame, bytes, start + Math.max(length, PFLOG_SHORTEST), end, wireEnd);
}
