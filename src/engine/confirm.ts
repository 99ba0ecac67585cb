import { formatAddress } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import type { Packet } from "../model/packet.ts";
import type { Connection } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import type { HelperCall, HelperOutcome } from "./helper-call.ts";
import { helpFtp } from "./helper-ftp.ts";
import { helpTftp } from "./helper-tftp.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import { shiftOf, withShiftedNumbers } from "./sequence-shift.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** Helpers that are followed, by name, and the protocol that they are for. */
const HELPERS: Readonly<Record<string, { readonly transport: "tcp" | "udp"; help(call: HelperCall): HelperOutcome }>> = {
  ftp: { transport: "tcp", help: helpFtp },
  tftp: { transport: "udp", help: helpTftp },
};

/**
 * The last turn of connection tracking, behind INPUT and POSTROUTING (nf_conntrack_proto.c, nf_confirm): the helper, the numbers that it has
 * shifted, and the entry in the table. Returns whether the packet goes on; when not, the run's end has been set.
 */
export function confirm(run: Run, netns: Netns, conntrack: Conntrack, skb: Skb): boolean {
  if (!help(run, netns, conntrack, skb) || !shift(run, skb)) return false;
  if (conntrack.confirm(skb, run.time)) return true;
  run.drop(skb, "conntrack-clash", "another connection with the same addresses and ports was entered meanwhile");
  return false;
}

/** Why a connection is RELATED, where a helper has announced it. */
export function announcement(connection: Connection | undefined): string | undefined {
  const { master } = connection ?? {};
  if (!master) return undefined;
  const { src, sport, dst, dport } = master.original;
  return `announced by the connection from ${formatEndpoint(src, sport)} to ${formatEndpoint(dst, dport)}, as its helper ${master.helper} has seen`;
}

function help(run: Run, netns: Netns, conntrack: Conntrack, skb: Skb): boolean {
  const { connection, packet } = skb;
  if (connection?.helper === undefined || connection.netns !== netns.name || packet.transport?.kind === "icmp") return true;
  const helper = HELPERS[connection.helper];
  if (!helper) {
    conntrack.expectations.suspect(connection, run.time);
    return true;
  }
  if (packet.transport?.kind !== helper.transport) return true;
  run.world.state.change(connection);
  const outcome = helper.help({
    connection,
    packet,
    direction: skb.ctDirection === "reply" ? 1 : 0,
    established: skb.ctState === "ESTABLISHED",
    expectations: conntrack.expectations,
    now: run.time,
    assume: (id, text) => run.world.assumptions.add({ id, text }),
  });
  if (outcome.note !== undefined) run.steps.push({ kind: "stack", netns: netns.name, note: outcome.note });
  if (outcome.packet) skb.packet = outcome.packet;
  if (outcome.drop === undefined) return true;
  run.drop(skb, "helper", outcome.drop);
  return false;
}

/** nf_ct_seq_adjust, which is not done again for what comes round through lo. */
function shift(run: Run, skb: Skb): boolean {
  const { connection, packet } = skb;
  const tcp = packet.transport;
  if (connection?.shifts && tcp?.kind === "icmp" && skb.ctDirection === "original") leaveError(connection, packet);
  if (!connection || tcp?.kind !== "tcp" || skb.looped) return true;
  if (connection.fromSnapshot && connection.helper === "ftp" && (connection.srcNat || connection.dstNat)) {
    const { src, sport } = connection.original;
    const who = `${formatEndpoint(src, sport)} to ${formatAddress(connection.original.dst)}`;
    run.world.assumptions.add({
      id: "sequence-shift",
      text: `the FTP helper had not changed the length of a line from ${who} or back before the capture began`,
    });
  }
  if (!connection.shifts) return true;
  const shifted = withShiftedNumbers(connection, skb.ctDirection === "reply" ? 1 : 0, packet, tcp);
  if (shifted) {
    skb.packet = shifted;
    return true;
  }
  run.drop(skb, "helper", "its TCP options are broken, so that its numbers cannot be shifted");
  return false;
}

/** The kernel takes an ICMP error in the original direction for a segment, too, and writes into it where a number would be. */
function leaveError(connection: Connection, { payload }: Packet): void {
  const [, , , , a = 0, b = 0, c = 0, d = 0] = payload;
  const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const acknowledges = ((payload[13] ?? 0) & 0x10) !== 0;
  if (acknowledges || shiftOf(connection, 0, number) !== 0) {
    throw new Undecided("what becomes of an ICMP error into which the kernel writes as if it were a segment of the FTP connection");
  }
}
