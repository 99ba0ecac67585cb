import { isMulticast } from "../model/address.ts";
import { IPV6_HEADER, type Packet, PROTOCOL, SKIPPED_EXTENSIONS } from "../model/packet.ts";
import { addressSum, addsUp, pseudoSum } from "../wire/checksum.ts";
import { sendIcmp6Error } from "./answers6.ts";
import { type Extension, extensionsOf, FRAGMENT_HEADER, NEXT_HEADER_AT, octetsOf } from "./extensions6.ts";
import { gatherFragments6, isAtomic } from "./fragments6.ts";
import type { Netns } from "./netns.ts";
import { optionFault } from "./options6.ts";
import { learnPathMtu6 } from "./path-mtu6.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

const PARAMETER_PROBLEM = 4;
const WRONG_FIELD = 0;
const UNKNOWN_NEXT_HEADER = 1;
const INCOMPLETE_CHAIN = 3;
const MOBILITY_ROUTE = 2;

type Outcome = "next" | "again" | "ended";

/** ip6_protocol_deliver_rcu: the extension headers one after the other, then whoever takes what is behind them. */
export function deliverUpper6(run: Run, netns: Netns, skb: Skb): void {
  const first = extensionsOf(skb.packet)[0];
  // Those behind a fragment header were not seen when it came in (ip6_rcv_core).
  const options = first?.name === "hop-by-hop" && (skb.headersEnd ?? first.at + 1) > first.at ? first : undefined;
  const start = options ? options.at + options.octets.length : IPV6_HEADER;
  let place: Place = { at: skb.headersEnd ?? start, announcedAt: options?.at ?? NEXT_HEADER_AT };
  let fragmented = skb.fragMaxSize !== undefined;
  for (;;) {
    const header = headerAt(skb.packet, place);
    if (header === "none") break;
    if (skb.undeterminedPort && place.at >= skb.packet.headerLength) throw new Undecided("the port that source NAT picks at random");
    if (header === "cut") {
      const isFragment = octetsOf(skb.packet)[place.announcedAt] === PROTOCOL["ipv6-frag"];
      const problem = isFragment ? { code: WRONG_FIELD, pointer: place.at } : undefined;
      drop(run, netns, skb, isFragment ? "defrag" : "ttl-or-header", "it ends within an extension header", problem);
      return;
    }
    const outcome = header.name === "fragment" && fragmented ? twice(run, netns, skb, header) : handle(run, netns, skb, header);
    if (outcome === "ended") return;
    if (header.name === "fragment") fragmented = true;
    if (outcome === "next") place = { at: header.at + header.octets.length, announcedAt: header.at };
  }
  if (place.at < skb.packet.headerLength || place.at > skb.packet.headerLength)
    throw new Undecided("what the kernel takes the headers for that came before its fragment header");
  if (skb.packet.protocol === PROTOCOL["ipv6-nonxt"]) {
    run.drop(skb, "no-next-header", "it has no next header, and nothing that could be delivered");
    return;
  }
  if (isSpoilt(skb.packet) && !wasVerified(skb)) {
    run.drop(skb, "checksum", `its ${skb.packet.protocol === PROTOCOL.mh ? "mobility header" : "ICMPv6"} checksum is wrong`);
    return;
  }
  learnPathMtu6(run, netns, skb);
  run.seen(skb.packet);
  run.end("delivered", { netns: netns.name });
}

/** Where a header begins, and where the octet stands that announces it. */
interface Place {
  readonly at: number;
  readonly announcedAt: number;
}

/** The extension header at a place, which need not be where it really is. */
function headerAt(packet: Packet, { at, announcedAt }: Place): Extension | "none" | "cut" {
  const octets = octetsOf(packet);
  const number = octets[announcedAt] ?? 0;
  const name = SKIPPED_EXTENSIONS.get(number);
  if (name === undefined) return "none";
  // Nobody takes these, or these behind others, so that nobody looks how long they are.
  if ((name === "hop-by-hop" || name === "ah") && at <= octets.length) return { name, number, at, announcedAt, octets: [] };
  if (at + FRAGMENT_HEADER > octets.length) return "cut";
  const field = octets[at + 1] ?? 0;
  const size = name === "fragment" ? FRAGMENT_HEADER : name === "ah" ? (field + 2) * 4 : (field + 1) * 8;
  if (at + size > octets.length) return "cut";
  return { name, number, at, announcedAt, octets: [...octets.subarray(at, at + size)] };
}

/** A fragment header in what was put together from fragments (IP6SKB_FRAGMENTED). */
function twice(run: Run, netns: Netns, skb: Skb, { at }: Extension): Outcome {
  return drop(run, netns, skb, "defrag", "it has a second fragment header", { code: WRONG_FIELD, pointer: at });
}

/**
 * Whether netfilter has found the checksum right on the way, here or on a host before; what rules change afterwards is not looked at again
 * (skb->csum_valid).
 */
function wasVerified({ packet, checksumVerified }: Skb): boolean {
  return packet.protocol === PROTOCOL.icmpv6 && checksumVerified === true;
}

/** Whether neither the kernel nor a raw socket takes it for its checksum (icmpv6_rcv, rawv6_rcv_skb). */
function isSpoilt({ protocol, checksum, payload, length, headerLength, src, dst }: Packet): boolean {
  if (protocol === PROTOCOL.icmpv6) return checksum === "bad";
  const size = length - headerLength;
  return protocol === PROTOCOL.mh && payload.length >= size && !addsUp(payload, 0, size, pseudoSum(addressSum(src, dst), protocol, size));
}

function handle(run: Run, netns: Netns, skb: Skb, header: Extension): Outcome {
  switch (header.name) {
    case "destination":
      return destinationOptions(run, netns, skb, header);
    case "routing":
      return routing(run, netns, skb, header);
    case "fragment":
      return fragment(run, netns, skb, header);
    case "ah":
      return drop(run, netns, skb, "protocol", "it has an authentication header, for which no security association is known", {
        code: UNKNOWN_NEXT_HEADER,
        pointer: header.announcedAt,
      });
    case "hop-by-hop":
      return drop(run, netns, skb, "protocol", "its hop-by-hop options do not come first", {
        code: UNKNOWN_NEXT_HEADER,
        pointer: header.announcedAt,
      });
    default:
      return "next";
  }
}

function drop(
  run: Run,
  netns: Netns,
  skb: Skb,
  reason: string,
  text: string,
  problem?: { readonly code: number; readonly pointer: number },
): Outcome {
  if (problem) sendIcmp6Error(run, netns, skb, PARAMETER_PROBLEM, problem.code, { pointer: problem.pointer });
  run.drop(skb, reason, text);
  return "ended";
}

/** ipv6_destopt_rcv */
function destinationOptions(run: Run, netns: Netns, skb: Skb, header: Extension): Outcome {
  const fault = optionFault(skb.packet, header, {
    number: netns.sysctl("net.ipv6.max_dst_opts_number", 8),
    length: netns.sysctl("net.ipv6.max_dst_opts_length", Number.POSITIVE_INFINITY),
  });
  return fault ? drop(run, netns, skb, "ttl-or-header", fault.text, fault.problem) : "next";
}

/** ipv6_rthdr_rcv: a route that leads on is not followed, but for segment routing, which must be switched on. */
function routing(run: Run, netns: Netns, skb: Skb, { octets, at }: Extension): Outcome {
  const [, , type = 0, left = 0] = octets;
  if (isMulticast(skb.packet.dst) || skb.type !== "host")
    return drop(run, netns, skb, "not-for-us", "a routing header is not for packets to many");
  if (type === 3 || type === 4) {
    const setting = type === 4 ? "seg6_enabled" : "rpl_seg_enabled";
    const enabled = Math.min(netns.sysctl(`net.ipv6.conf.all.${setting}`, 0), netns.deviceSysctl6(skb.device, setting, 0));
    if (enabled !== 0) throw new Undecided("where its segment routing header leads, which is not modelled");
    return drop(run, netns, skb, "source-route", `its segment routing header is not accepted (${setting} is 0)`);
  }
  if (type === MOBILITY_ROUTE) {
    run.world.assumptions.add({ id: "mip6", text: `the kernel of ${netns.name} knows no mobile IPv6 (CONFIG_IPV6_MIP6)` });
  }
  if (left === 0) return "next";
  const text = `its routing header of type ${type} has segments left, and such routes are not followed`;
  return drop(run, netns, skb, "source-route", text, { code: WRONG_FIELD, pointer: at + 2 });
}

/** ipv6_frag_rcv */
function fragment(run: Run, netns: Netns, skb: Skb, header: Extension): Outcome {
  if (isAtomic(header)) return "next";
  const gathered = gatherFragments6(run, netns, skb, "local", header);
  if (gathered === "queued") {
    run.end("queued", { netns: netns.name, reason: "defrag-queue", text: "it waits for the other fragments of its datagram" });
    return "ended";
  }
  if (typeof gathered === "string") return "again";
  const { parameterProblem } = gathered;
  if (parameterProblem === undefined) return drop(run, netns, skb, "defrag", gathered.drop);
  const problem = parameterProblem < 0 ? { code: INCOMPLETE_CHAIN, pointer: 0 } : { code: WRONG_FIELD, pointer: parameterProblem };
  return drop(run, netns, skb, "defrag", gathered.drop, problem);
}
