import { type Address, formatAddress } from "../model/address.ts";
import type { Nexthop, Route } from "../model/host.ts";
import { sendIcmpError } from "./answers.ts";
import {
  addressAt,
  FIXED_HEADER,
  type IpOptions,
  known,
  type OptionOctets,
  optionsOf,
  readOptions,
  withOptions,
  writeAddress,
} from "./ip-options.ts";
import type { Netns } from "./netns.ts";
import { routeInput } from "./route-input.ts";
import { type FlowKey, selectAddress } from "./routing.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { sentOn } from "./source-route-checksum.ts";
import { Undecided } from "./undecided.ts";

const PARAMETER_PROBLEM = 12;
const DESTINATION = 16;

/** The options of a packet that has its input route (ip_input.c, ip_rcv_options). Returns whether it goes on; when not, the run's end has been set. */
export function receiveOptions(run: Run, netns: Netns, skb: Skb): boolean {
  if (skb.packet.headerLength <= FIXED_HEADER) return true;
  const octets = optionsOf(skb.packet);
  const options: IpOptions = {};
  const pointer = readOptions(octets, options, {
    ownAddress: () => ownAddress(netns, skb),
    isUnicast: (address) => isUnicast(netns, address),
  });
  skb.options = options;
  skb.packet = withOptions(skb.packet, octets, "kept");
  if (pointer !== undefined) {
    sendIcmpError(run, netns, skb, skb.device, PARAMETER_PROBLEM, 0, { pointer });
    run.drop(skb, "ttl-or-header", `its IP options are not valid: octet ${pointer} of the header is wrong`);
    return false;
  }
  if (options.recordAddress || options.stampAddress || options.stampTime) note(run, netns, options);
  return options.srr === undefined || sourceRoute(run, netns, skb, octets, options, options.srr);
}

function note(run: Run, netns: Netns, options: IpOptions): void {
  const what = options.stampTime ? "the time, whose value is not known, into its timestamp option" : "an address into its timestamp option";
  const parts = [
    ...(options.recordAddress ? ["an address into its record route option"] : []),
    ...(options.stampAddress || options.stampTime ? [what] : []),
  ];
  run.steps.push({ kind: "stack", netns: netns.name, note: `${netns.name} writes ${parts.join(" and ")}` });
}

/** inet_addr_type, for the hosts that a timestamp option names. */
export function isUnicast(netns: Netns, address: Address): boolean {
  const type = netns.addressType(address);
  if (typeof type === "object") throw new Undecided(type.unknown);
  return type === "UNICAST";
}

/** Whether a host goes by the source routes of packets; only together with that of all devices (IN_DEV_SOURCE_ROUTE). */
function acceptsSourceRoute(run: Run, netns: Netns, device: string): boolean {
  if (netns.namespace.sysctls === undefined) {
    run.world.assumptions.add({
      id: "accept_source_route",
      text: `${netns.name} takes no packets with source routes (net.ipv4.conf.all.accept_source_route is 0)`,
      flag: "--snapshot (sysctl.txt)",
    });
  }
  const all = netns.sysctl("net.ipv4.conf.all.accept_source_route", 0);
  return all !== 0 && netns.deviceSysctl(device, "accept_source_route", 1, "own") !== 0;
}

/** A source route is gone along, as far as it leads through this host (ip_options.c, ip_options_rcv_srr). */
function sourceRoute(run: Run, netns: Netns, skb: Skb, octets: OptionOctets, options: IpOptions, srr: number): boolean {
  const drop = (text: string, pointer?: number) => {
    if (pointer !== undefined) sendIcmpError(run, netns, skb, skb.device, PARAMETER_PROBLEM, 0, { pointer });
    run.drop(skb, "source-route", text);
    return false;
  };
  const { device } = skb;
  if (!acceptsSourceRoute(run, netns, device))
    return drop(
      `it has a source route, which ${netns.name} does not accept on ${device} (accept_source_route of all or of ${device} is 0)`,
    );
  const kind = skb.destination?.kind;
  if (skb.type !== "host") return drop("it has a source route and came as a link-layer broadcast or multicast");
  if (kind === "forward" || kind === "output") {
    if (!options.strict) return true;
    return drop("its strict source route does not name this host as the next one", DESTINATION);
  }
  if (kind !== "local") return drop("it has a source route, but its destination is no single host");
  const length = known(octets, srr + 1);
  for (let at = known(octets, srr + 2); at <= length; at += 4) {
    if (at + 3 > length) return drop("its source route ends within an address", FIXED_HEADER + srr + 2);
    const next = addressAt(octets, srr + at - 1);
    const route = routeInput(run, netns, skb.with({ packet: { ...skb.packet, dst: next } }));
    if (route.kind !== "forward" && route.kind !== "local")
      return drop(`there is no way to ${formatAddress(next)}, which is next in its source route`);
    skb.destination = route;
    if (route.kind === "forward") {
      options.nexthop = next;
      return true;
    }
    skb.packet = { ...sentOn(skb.packet, next, isTranslated(skb)), ...(next !== skb.packet.dst && { headerChecksum: "bad" }) };
  }
  return true;
}

/** Whether a strict source route forbids the way on, which leads through a gateway (ip_forward.c, ip_forward). */
export function failsStrictRoute(skb: Skb): boolean {
  if (!skb.options?.strict) return false;
  if (!skb.destination?.route) throw new Undecided("whether the next hop of its strict source route is a neighbour (--routes)");
  return skb.destination.nexthop?.via !== undefined;
}

/** What a router writes into the options of a packet on its way out, a source route's next destination included (ip_forward_options). */
export function forwardOptions(netns: Netns, skb: Skb): void {
  const { options } = skb;
  if (skb.packet.headerLength <= FIXED_HEADER || !options) return;
  const octets = optionsOf(skb.packet);
  const { rr, srr, ts, nexthop } = options;
  if (options.recordAddress && rr !== undefined) writeAddress(octets, rr + known(octets, rr + 2) - 5, sourceTowards(netns, skb));
  if (srr !== undefined && nexthop !== undefined) {
    const length = known(octets, srr + 1);
    let at = known(octets, srr + 2);
    while (at + 3 <= length && addressAt(octets, srr + at - 1) !== nexthop) at += 4;
    skb.packet = sentOn(skb.packet, nexthop, isTranslated(skb));
    writeAddress(octets, srr + at - 1, sourceTowards(netns, skb));
    octets[srr + 2] = at + 4;
    if (options.stampAddress && ts !== undefined) writeAddress(octets, ts + known(octets, ts + 2) - 9, sourceTowards(netns, skb));
  }
  skb.packet = withOptions(skb.packet, octets, "anew");
}

function isTranslated({ connection }: Skb): boolean {
  return connection !== undefined && (connection.srcNat || connection.dstNat);
}

/** The address that a host goes by towards the sender of a packet (fib_frontend.c, fib_compute_spec_dst). */
function ownAddress(netns: Netns, skb: Skb): number | undefined {
  const { src, dst, tos } = skb.packet;
  if (skb.destination?.kind === "local") return four(dst);
  const mark = netns.deviceSysctl(skb.device, "src_valid_mark", 0, "or") !== 0 ? skb.mark : 0;
  const key: FlowKey = { src: 0, dst: src, iif: "lo", mark, tos, protocol: 0 };
  const zero = src === 0;
  return (zero ? undefined : sourceOfRoute(netns, key)) ?? selected(netns, skb.device, src, zero ? "link" : "global");
}

/** The address that a router goes by on the device that a packet leaves by (route.c, ip_rt_get_source). */
function sourceTowards(netns: Netns, skb: Skb): number | undefined {
  const { src, dst, tos } = skb.packet;
  const { destination } = skb;
  const oif = destination?.device ?? "";
  const key: FlowKey = { src, dst, iif: skb.device, oif, mark: skb.mark, tos, protocol: 0 };
  return sourceOfRoute(netns, key) ?? selected(netns, oif, destination?.nexthop?.via ?? dst, "global");
}

/** fib_result_prefsrc: the route's own source, else an address of its device; undefined when there is no route. */
function sourceOfRoute(netns: Netns, key: FlowKey): number | undefined {
  const found = netns.ip4.routed ? netns.routing.lookup(key, firstOf) : undefined;
  if (!found || "error" in found) return undefined;
  if (found.route.source !== undefined) return four(found.route.source);
  const scope = found.route.scope === "link" || found.route.scope === "host" ? "link" : "global";
  return selected(netns, found.nexthop.device ?? "", found.nexthop.via ?? 0, scope);
}

/** Without fib_select_path the first nexthop that can be used is taken. */
function firstOf(_route: Route, candidates: readonly Nexthop[]): Nexthop {
  return candidates[0] as Nexthop;
}

function selected(netns: Netns, device: string, towards: Address, scope: "global" | "link"): number | undefined {
  if (!netns.ip4.routed || !netns.devicesKnown || !netns.addressesKnown) return undefined;
  return four(selectAddress(netns.devices, device, towards, scope) ?? 0);
}

function four(address: Address): number | undefined {
  return typeof address === "number" ? address : undefined;
}
