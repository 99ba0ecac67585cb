import type { MatchResult } from "../extensions/spec.ts";
import { type Address, ALL_HOSTS, familyOf, formatAddress, isLoopback, isMulticast } from "../model/address.ts";
import type { Nexthop } from "../model/host.ts";
import type { RouteStep, Step } from "../model/trace.ts";
import { dissect } from "./flow-dissector.ts";
import { type Netns, UNKNOWN_DEVICE } from "./netns.ts";
import { isDefaultRule } from "./policy-rules.ts";
import { type FlowKey, isMartianSource, type Lookup, type NexthopChooser } from "./routing.ts";
import { ANOTHER_DEVICE } from "./rule-hints.ts";
import type { Run } from "./run.ts";
import type { Destination, Skb } from "./skb.ts";

/** Why a source is not accepted. */
type SourceProblem = "martian" | "rp_filter";

/** Why an input route was not found, beside destinations. */
export type InputRoute = Destination | { readonly kind: "drop"; readonly reason: string; readonly text: string };

/** The flow key of a packet (fib4_rules_early_flow_dissect and fib6_rules_early_flow_dissect fill in protocol and ports). */
export function flowKey(skb: Skb, iif: string): FlowKey {
  const { packet, mark } = skb;
  return { src: packet.src, dst: packet.dst, iif, mark, tos: packet.tos, ...dissect(packet) };
}

/** Chooses among equal nexthops: all are followed, as the kernel's hash over them is not modelled. */
export function chooserOf(run: Run, netns: Netns, { dst }: FlowKey): NexthopChooser {
  return (route, candidates) => {
    for (const hop of candidates.slice(0, -1)) {
      const name = `${hop.via === undefined ? "" : `${formatAddress(hop.via)} `}dev ${hop.device}`;
      const taken = run.world.choices.ask(
        `${netns.name}|nexthop|${route.text}|${name}|${dst}`,
        (value) => `the route ${value ? "takes" : "does not take"} its nexthop ${name}`,
      );
      if (taken) return hop;
    }
    return candidates.at(-1) as Nexthop;
  };
}

/** Looks an IPv4 route up. */
export function lookup(run: Run, netns: Netns, key: FlowKey): Lookup {
  return netns.routing.lookup(key, chooserOf(run, netns, key));
}

/** The step of a lookup, for the trace. */
export function routeStep(netns: Netns, found: Lookup, stage: "input" | "output" | "reroute"): Step {
  if ("error" in found) {
    return {
      kind: "route",
      netns: netns.name,
      stage,
      type: found.route?.type ?? "none",
      route: found.route?.text ?? found.rule?.text ?? "none",
      ...(found.route ? { table: found.route.table } : {}),
    };
  }
  const { route, nexthop, rule } = found;
  const known = netns.routeSteps.get(nexthop);
  if (known && known.route === route && known.rule === rule && known.stage === stage) return known.step;
  const step: RouteStep = {
    kind: "route",
    netns: netns.name,
    stage,
    type: route.type,
    route: route.text,
    table: route.table,
    ...(nexthop.device ? { out: nexthop.device } : {}),
    ...(nexthop.via === undefined ? {} : { via: nexthop.via }),
    ...(isDefaultRule(rule) ? {} : { policyRule: rule.text }),
  };
  netns.routeSteps.set(nexthop, { route, rule, stage, step });
  return step;
}

/** The input route of a packet (net/ipv4/route.c, ip_route_input_noref and ip_route_input_slow). */
export function routeInput(run: Run, netns: Netns, skb: Skb): InputRoute {
  const { src, dst } = skb.packet;
  const device = skb.device;
  if (typeof src !== "number" || typeof dst !== "number") return { kind: "drop", reason: "no-route", text: "IPv6 is not routed yet" };
  const martian = (what: string): InputRoute => ({
    kind: "drop",
    reason: "martian",
    text: `${what} (a martian address; dropped without a counter)`,
  });
  if (isMulticast(dst)) return multicastInput(run, netns, skb);
  if (isMartianSource(src)) return martian(`no packet can come from ${formatAddress(src)}`);
  const brd = (): InputRoute => {
    const problem = src === 0 ? undefined : validateSource(run, netns, skb, undefined, 0);
    return problem ? sourceDrop(netns, skb, problem) : { kind: "broadcast", device };
  };
  if (dst === 0xffffffff || (src === 0 && dst === 0)) return brd();
  if (src === 0) return martian(`no packet can come from ${formatAddress(src)}`);
  if (dst === 0) return martian(`no packet can go to ${formatAddress(dst)}`);
  const localnet = netns.deviceSysctl(device, "route_localnet", 0, "or") !== 0;
  if ((isLoopback(dst) || isLoopback(src)) && !localnet)
    return martian(`loopback addresses (127.0.0.0/8) cannot come from outside (route_localnet is 0)`);
  if (!netns.ip4.routed) return guessInput(run, netns, skb);
  const found = lookup(run, netns, flowKey(skb, device));
  const forwards = netns.forwards(device);
  run.steps.push(routeStep(netns, found, "input"));
  if ("error" in found) {
    const error = forwards === false ? "EHOSTUNREACH" : found.error;
    return { kind: "error", device, error };
  }
  const { route, nexthop } = found;
  if (route.type === "broadcast" && netns.deviceSysctl(device, "bc_forwarding", 0, "and") === 0) return brd();
  if (route.type === "local") {
    const problem = validateSource(run, netns, skb, undefined);
    return problem ? sourceDrop(netns, skb, problem) : { kind: "local", device, route, nexthop };
  }
  // Not even ip_forward is asked where another network's broadcasts are forwarded.
  const isDirected = route.type === "broadcast";
  if (forwards === false && !isDirected) return { kind: "error", device, error: "EHOSTUNREACH" };
  if (forwards === undefined && !isDirected) {
    run.world.assumptions.add({
      id: "ip_forward",
      text: `${netns.name} forwards packets (net.ipv4.ip_forward is 1)`,
      flag: "--snapshot (sysctl.txt)",
    });
  }
  if (route.type !== "unicast" && !isDirected) return martian(`${formatAddress(dst)} is no address to forward to`);
  const problem = validateSource(run, netns, skb, nexthop.device);
  if (problem) return sourceDrop(netns, skb, problem);
  return { kind: "forward", device: nexthop.device ?? UNKNOWN_DEVICE, route, nexthop };
}

function sourceDrop(netns: Netns, skb: Skb, problem: SourceProblem): InputRoute {
  const source = formatAddress(skb.packet.src);
  if (problem === "rp_filter") {
    return {
      kind: "drop",
      reason: "rp_filter",
      text: `the way back to ${source} does not lead through ${skb.device} (reverse path filter, rp_filter=${netns.deviceSysctl(skb.device, "rp_filter", 0, "max")})`,
    };
  }
  const own = netns.deviceOf(skb.packet.src);
  const why = own ? `${source} is an address of ${netns.name} itself (${own.name})` : `${source} is no address that a packet can come from`;
  return {
    kind: "drop",
    reason: "martian",
    text: `${why}, and a packet that comes in from outside with it is a martian (dropped without a counter)`,
  };
}

/** ip_mc_validate_source and ip_route_input_mc: only groups that the device has joined. */
function multicastInput(run: Run, netns: Netns, skb: Skb): InputRoute {
  const { src, dst } = skb.packet;
  const joined = dst === ALL_HOSTS;
  if (!joined)
    return { kind: "drop", reason: "not-for-us", text: `${netns.name} has not joined the group ${formatAddress(dst)}, as far as is known` };
  if (isMartianSource(src) || isLoopback(src))
    return { kind: "drop", reason: "martian", text: `no packet can come from ${formatAddress(src)}` };
  const problem = src === 0 ? undefined : validateSource(run, netns, skb, undefined, 0);
  return problem ? sourceDrop(netns, skb, problem) : { kind: "multicast", device: skb.device };
}

/**
 * fib_validate_source: martian sources and the reverse path filter. `oif` is the device that the packet will leave by. The way back is asked
 * for from `own`, the packet's destination; for what is for many from no address (ip_route_input_slow, ip_mc_validate_source).
 */
function validateSource(
  run: Run,
  netns: Netns,
  skb: Skb,
  oif: string | undefined,
  own: Address = skb.packet.dst,
): SourceProblem | undefined {
  if (!netns.ip4.routed) return undefined;
  const device = skb.device;
  const filter = netns.deviceSysctl(device, "rp_filter", 0, "max");
  const acceptLocal = netns.deviceSysctl(device, "accept_local", 0, "or") !== 0;
  const redirects = netns.deviceSysctl(device, "send_redirects", netns.namespace.sysctls ? 1 : 0, "or") !== 0;
  if (filter === 0 && (device !== oif || !redirects)) {
    if (acceptLocal) return undefined;
    if (!netns.routing.hasCustomLocalRoutes && !netns.routing.hasCustomRules) return netns.deviceOf(skb.packet.src) ? "martian" : undefined;
  }
  const mark = netns.deviceSysctl(device, "src_valid_mark", 0, "or") !== 0 ? skb.mark : 0;
  const there = flowKey(skb, oif ?? "lo");
  const ports = there.sport === undefined || there.dport === undefined ? {} : { sport: there.dport, dport: there.sport };
  const key: FlowKey = { ...there, ...ports, src: own, dst: there.src, mark };
  const noAddress = (netns.devices.get(device)?.addresses.filter((a) => typeof a.address === "number").length ?? 0) === 0;
  const found = lookup(run, netns, key);
  if ("error" in found) return filter ? "rp_filter" : undefined;
  if (found.route.type !== "unicast" && !(found.route.type === "local" && acceptLocal)) return "martian";
  if (found.route.nexthops.some((hop) => hop.device === device)) return undefined;
  if (noAddress) return filter ? "rp_filter" : undefined;
  return filter === 1 ? "rp_filter" : undefined;
}

/**
 * `-m rpfilter` (net/ipv4/netfilter/ipt_rpfilter.c): whether a route back to the source leads through the incoming device. What comes back
 * to its sender has the frame type PACKET_LOOPBACK and passes (rpfilter_is_loopback).
 */
export function reversePath(
  run: Run,
  netns: Netns,
  skb: Skb,
  device: string,
  options: { loose: boolean; validMark: boolean; acceptLocal: boolean },
): MatchResult {
  if (skb.looped || netns.devices.get(device)?.kind === "loopback") return true;
  const { src, dst } = skb.packet;
  if (!netns.ip4.routed) return { unknown: "the routes (--routes)" };
  const local = isMulticast(dst) || dst === 0xffffffff ? 0 : dst;
  const found = lookup(run, netns, {
    src: local,
    dst: src,
    iif: "lo",
    mark: options.validMark ? skb.mark : 0,
    tos: skb.packet.tos & 0x1c,
    protocol: skb.packet.protocol,
  });
  if ("error" in found) return false;
  if (found.route.type !== "unicast" && !(found.route.type === "local" && options.acceptLocal)) return false;
  return options.loose || found.route.nexthops.some((hop) => hop.device === device);
}

/** Without routes: local if the address is known to be or may be taken for one of the host's, else on by a device that is not known. */
export function guessInput(run: Run, netns: Netns, skb: Skb): InputRoute {
  const { dst } = skb.packet;
  const type = netns.addressType(dst);
  const { assumptions } = run.world;
  if (type === "BROADCAST") return { kind: "broadcast", device: skb.device };
  if (type === "LOCAL") return { kind: "local", device: skb.device };
  if (typeof type === "object" && skb.connection?.dstNat !== true && takenForLocal(run, netns, dst)) {
    run.steps.push({ kind: "stack", netns: netns.name, note: `${formatAddress(dst)} is taken for a local address` });
    return { kind: "local", device: skb.device };
  }
  const connected = netns.connectedDevice(dst) ?? hintedDevice(run, netns, dst, "to");
  if (typeof type === "string" || connected === undefined) {
    assumptions.add({
      id: "forwarded",
      text: connected
        ? `${formatAddress(dst)} is reached through ${connected}, which has an address in its network`
        : `${formatAddress(dst)} is forwarded: by which device is not known`,
      flag: "--routes",
    });
  }
  if (skb.packet.family === 4 && netns.forwards(skb.device) === false) return { kind: "error", device: skb.device, error: "EHOSTUNREACH" };
  return { kind: "forward", device: connected ?? UNKNOWN_DEVICE };
}

/** Whether an address is taken for one of the host, with the assumption named; only where nothing was given that tells. */
export function takenForLocal(run: Run, netns: Netns, address: Address): boolean {
  const local = netns.hints(familyOf(address))?.isLocal(address) ?? true;
  run.world.assumptions.add({
    id: "local-address",
    text: `${formatAddress(address)} is ${local ? "" : "not "}an address of ${netns.name} itself`,
    flag: "--links or --routes",
  });
  return local;
}

/** The device that the rules place an address behind, with the assumption named. */
export function hintedDevice(run: Run, netns: Netns, address: Address, which: "from" | "to"): string | undefined {
  const device = netns.hints(familyOf(address))?.deviceOf(address);
  if (device === undefined) return undefined;
  const shown = device === ANOTHER_DEVICE ? "another device than those that the rules name" : device;
  run.world.assumptions.add({
    id: "device",
    text: `packets ${which} ${formatAddress(address)} ${which === "from" ? "come in on" : "leave by"} ${shown}, as the rules suggest`,
    flag: which === "from" ? "--interface" : "--routes",
  });
  return device;
}
