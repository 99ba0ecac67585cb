import { formatAddress } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import { EXPECTATION_LIFE } from "./expectations.ts";
import type { HelperCall, HelperOutcome } from "./helper-call.ts";
import { Undecided } from "./undecided.ts";

const HEADER = 8;
const READ = 1;
const WRITE = 2;

/** The helper of TFTP: a request is answered from another port (net/netfilter/nf_conntrack_tftp.c, tftp_help; nf_nat_tftp.c, help). */
export function helpTftp({ connection, packet, expectations, now }: HelperCall): HelperOutcome {
  if (packet.transport?.kind !== "udp" || packet.length - packet.headerLength < HEADER + 2) return {};
  const [high, low] = packet.payload.subarray(HEADER, HEADER + 2);
  if (high === undefined || low === undefined) throw new Undecided("the data of a TFTP packet, which was not captured");
  const operation = (high << 8) | low;
  if (operation !== READ && operation !== WRITE) return {};
  const { src, dst, protocol, dport } = connection.reply;
  const follow = connection.srcNat || connection.dstNat ? { follow: { direction: 1 as const, port: connection.original.sport } } : {};
  const expires = now + EXPECTATION_LIFE;
  if (expectations.expect({ src, dst, protocol, dport, master: connection, expires, ...follow }, now) === "busy") {
    return { drop: "the answer to it is expected already for another connection, and the TFTP helper drops it" };
  }
  return { note: `the TFTP helper expects an answer from ${formatAddress(src)} to ${formatEndpoint(dst, dport)}` };
}
