import { type Address, type Family, formatAddress } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import type { Packet } from "../model/packet.ts";
import type { Connection } from "./connection.ts";
import { EXPECTATION_LIFE, type Expectation } from "./expectations.ts";
import { type FtpAnnouncement, findAnnouncement } from "./ftp-commands.ts";
import type { HelperCall, HelperOutcome } from "./helper-call.ts";
import { noteShift } from "./sequence-shift.ts";
import { after, before, u32 } from "./tcp-segment.ts";
import { Undecided } from "./undecided.ts";

/** Sequence numbers behind a newline, by direction (struct nf_ct_ftp_master). Only what stands there is looked at. */
export interface FtpTracking {
  readonly newlines: readonly [readonly number[], readonly number[]];
  /** Data was not captured, by direction: where lines begin is not known. */
  readonly unsure: readonly [boolean, boolean];
}

const REMEMBERED = 2;
const NEWLINE = 10;

/** The helper of FTP control connections (net/netfilter/nf_conntrack_ftp.c, help; nf_nat_ftp.c). */
export function helpFtp(call: HelperCall): HelperOutcome {
  const { connection, packet, direction, established } = call;
  const tcp = packet.transport;
  if (!established || tcp?.kind !== "tcp") return {};
  const size = packet.length - packet.headerLength - tcp.headerLength;
  if (size <= 0) return {};
  const data = packet.payload.subarray(tcp.headerLength, tcp.headerLength + size);
  const tracking = connection.ftp ?? beginning(connection);
  const known = tracking.newlines[direction].includes(tcp.seq);
  const end = u32(tcp.seq + size);
  let outcome: HelperOutcome = {};
  if (known || tracking.unsure[direction]) {
    const found = findAnnouncement(data, direction === 0 ? "client" : "server", packet.family);
    if (found !== undefined && data.length < size) throw new Undecided("the data of an FTP control connection, which was not captured");
    if (found !== undefined && !known) {
      call.assume("ftp-lines", `a segment of the FTP connection from ${formatAddress(connection.original.src)} begins a line`);
    }
    if (found === "partial") return { drop: "it begins an FTP announcement that the helper cannot read, and the helper drops it" };
    if (found) outcome = announce(call, found, tcp.headerLength);
  }
  connection.ftp =
    data.length < size ? withDoubt(tracking, direction) : data[size - 1] === NEWLINE ? withNewline(tracking, direction, end) : tracking;
  return outcome;
}

/** Of a connection older than the capture nobody knows where its lines begin. */
function beginning({ fromSnapshot }: Connection): FtpTracking {
  return { newlines: [[], []], unsure: [fromSnapshot, fromSnapshot] };
}

/** update_nl_seq */
function withNewline(tracking: FtpTracking, direction: 0 | 1, seq: number): FtpTracking {
  const old = tracking.newlines[direction];
  const unsure: [boolean, boolean] = [...tracking.unsure];
  unsure[direction] = false;
  const keep = (list: readonly number[]): FtpTracking => ({
    newlines: direction === 0 ? [list, tracking.newlines[1]] : [tracking.newlines[0], list],
    unsure,
  });
  const [first, second] = old;
  if (old.includes(seq)) return keep(old);
  if (old.length < REMEMBERED || first === undefined || second === undefined) return keep([...old, seq]);
  const oldest = before(first, second) ? 0 : 1;
  if (!after(seq, oldest === 0 ? first : second)) return keep(old);
  return keep(oldest === 0 ? [seq, second] : [first, seq]);
}

function withDoubt(tracking: FtpTracking, direction: 0 | 1): FtpTracking {
  const unsure: [boolean, boolean] = [...tracking.unsure];
  unsure[direction] = true;
  return { ...tracking, unsure };
}

/** Expects the connection that was announced, and tells the other side the address that NAT has given it. */
function announce(call: HelperCall, found: FtpAnnouncement, headerLength: number): HelperOutcome {
  const { connection, packet, direction, expectations, now } = call;
  const own = direction === 0 ? connection.original : connection.reply;
  const other = direction === 0 ? connection.reply : connection.original;
  if (found.address !== undefined && found.address !== own.src) {
    return { note: `the FTP helper expects no connection to ${formatAddress(found.address)}, which is not the address of the sender` };
  }
  const translated = connection.srcNat || connection.dstNat;
  const expectation: Expectation = {
    src: other.src,
    dst: other.dst,
    protocol: own.protocol,
    dport: found.port,
    master: connection,
    expires: now + EXPECTATION_LIFE,
    ...(translated ? { follow: { direction: direction === 0 ? 1 : 0, port: found.port } } : {}),
  };
  const target = formatEndpoint(expectation.dst, found.port);
  if (expectations.expect(expectation, now) === "busy") {
    if (translated) throw new Undecided("the port that the FTP helper draws at random, since the one announced is expected already");
    return { drop: "the connection that it announces is expected already for another one, and the FTP helper drops it" };
  }
  const note = `the FTP helper expects a connection from ${formatAddress(expectation.src)} to ${target}`;
  if (!translated) return { note };
  const text = written(found.kind, packet.family, expectation.dst, found.port);
  noteShift(connection, direction, packet.transport?.kind === "tcp" ? packet.transport.seq : 0, text.length - found.length);
  return {
    note: `${note} and writes that address into the segment`,
    packet: replaced(packet, headerLength + found.offset, found.length, text),
  };
}

/** nf_nat_ftp_fmt_cmd */
function written(kind: FtpAnnouncement["kind"], family: Family, address: Address, port: number): string {
  if (kind === "229") return `|||${port}|`;
  if (kind === "EPRT") return `|${family === 4 ? 1 : 2}|${family === 4 ? formatAddress(address) : fullAddress6(address)}|${port}|`;
  return `${formatAddress(address).replaceAll(".", ",")},${port >> 8},${port & 255}`;
}

/** All eight groups with all their digits, as the kernel's %pI6 prints them. */
function fullAddress6(address: Address): string {
  return (BigInt(address).toString(16).padStart(32, "0").match(/.{4}/g) ?? []).join(":");
}

/** nf_nat_mangle_tcp_packet: other octets in the place of some, the packet longer or shorter by the difference; its checksum is made anew. */
function replaced(packet: Packet, at: number, length: number, text: string): Packet {
  const { payload } = packet;
  const changed = new Uint8Array(payload.length + text.length - length);
  changed.set(payload.subarray(0, at));
  changed.set(Buffer.from(text, "latin1"), at);
  changed.set(payload.subarray(at + length), at + text.length);
  return { ...packet, length: packet.length + text.length - length, payload: changed, checksum: "good" };
}
