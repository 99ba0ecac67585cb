import type { Effect, NatRange } from "../extensions/effect.ts";
import { type Address, formatAddress } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import { isIcmp, TCP_FLAG } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import type { Changes, RuleStep } from "../model/trace.ts";
import { reject } from "./answers.ts";
import { reject6 } from "./answers6.ts";
import { ANY_PORT } from "./connection.ts";
import { awaitsTracking } from "./connection-view.ts";
import { sendDuplicate } from "./duplicate.ts";
import { stripOptions, withAddress, withQuotedAddress } from "./header-changes.ts";
import type { Netns } from "./netns.ts";
import { selectAddress } from "./routing.ts";
import type { Run } from "./run.ts";
import { redirectAddress6, selectSource6 } from "./select-source6.ts";
import { overwrite, type Skb } from "./skb.ts";
import { largestSegment, withSegmentSize } from "./tcp-mss.ts";

/** Applies a target's effects to packet and connection; the changes go into the trace. A key "drop" means that the target drops it. */
export function applyEffects(
  run: Run,
  netns: Netns,
  hook: Hook,
  skb: Skb,
  devices: { in: string; out: string },
  effects: readonly Effect[],
  step: RuleStep,
): Changes | undefined {
  const changes: Record<string, string | number> = {};
  for (const effect of effects) {
    switch (effect.kind) {
      case "set-mark":
        skb.mark = effect.value >>> 0;
        changes["mark"] = skb.mark;
        break;
      case "set-ctmark":
        if (skb.connection) {
          run.world.state.change(skb.connection);
          skb.connection.mark = effect.value >>> 0;
          changes["ctmark"] = skb.connection.mark;
        } else if (awaitsTracking(skb)) {
          run.world.state.set(skb.template.mark, effect.value >>> 0);
          changes["ctmark"] = effect.value >>> 0;
        }
        break;
      case "set-ttl":
        skb.packet = { ...skb.packet, ttl: effect.value };
        changes["ttl"] = effect.value;
        break;
      case "set-tos":
        skb.packet = { ...skb.packet, tos: effect.value };
        changes["tos"] = effect.value;
        break;
      case "set-mss": {
        const mss = effect.value === "pmtu" ? largestSegment(run, netns, skb) : effect.value;
        skb.packet = withSegmentSize(skb.packet, mss);
        changes["mss"] = mss;
        break;
      }
      case "set-tcp-flags":
        Object.assign(changes, setFlags(skb, effect.value));
        break;
      case "set-address":
        overwrite(skb, withAddress(skb.packet, effect.which, effect.value));
        changes[effect.which] = formatAddress(effect.value);
        break;
      case "set-quoted-address":
        overwrite(skb, withQuotedAddress(skb.packet, effect.which, effect.value));
        break;
      case "strip-options":
        skb.packet = stripOptions(skb.packet, effect.kinds);
        changes["options stripped"] = effect.kinds.join();
        break;
      case "duplicate":
        sendDuplicate(run, netns, hook, skb, effect);
        break;
      case "assign-socket":
        skb.taken = true;
        break;
      case "set-priority":
        skb.priority = effect.value;
        changes["priority"] = effect.value;
        break;
      case "notrack":
        if (!skb.connection && !skb.template && !skb.answersUntracked) skb.ctState = "UNTRACKED";
        break;
      case "ct-template":
        // The first CT rule decides (xt_CT.c, xt_ct_target).
        if (skb.template || skb.answersUntracked) break;
        skb.ctState = "NEW";
        skb.template = {
          mark: `template:${effect.rule}`,
          ...(effect.helper === undefined ? {} : { helper: effect.helper }),
          ...(effect.zone === undefined
            ? {}
            : { zone: { id: effect.zone, ...(effect.zoneDirection ? { direction: effect.zoneDirection } : {}) } }),
        };
        if (effect.timeout !== undefined) {
          const text = `the timeouts of the policy ${effect.timeout} are those of the system (nfct timeout)`;
          run.world.assumptions.add({ id: "timeout-policy", text });
        }
        break;
      case "log":
        break;
      case "reject":
        if (skb.packet.family === 4) reject(run, netns, hook, skb, devices, effect.with);
        else reject6(run, netns, hook, skb, effect.with);
        break;
      case "nat":
      case "redirect":
      case "masquerade": {
        const bound = bindByRule(run, netns, skb, devices, effect);
        if (bound === "drop") changes["drop"] = step.chain;
        else Object.assign(changes, bound);
        break;
      }
    }
  }
  return changes;
}

/** The range that a NAT rule asks for, with the addresses that only the host knows, and the binding made from it. */
function bindByRule(
  run: Run,
  netns: Netns,
  skb: Skb,
  devices: { in: string; out: string },
  effect: Extract<Effect, { kind: "nat" | "redirect" | "masquerade" }>,
): Changes | "drop" {
  const connection = skb.connection;
  if (!connection || !netns.nat) return {};
  let range: NatRange = effect.range;
  if (effect.kind === "redirect") {
    const address = redirectAddress(netns, skb, devices);
    if (address === undefined) return "drop";
    range = { ...range, manip: "dst", minAddress: address, maxAddress: address };
  } else if (effect.kind === "masquerade") {
    if (skb.packet.src === 0) return {};
    const nexthop = skb.destination?.nexthop?.via ?? skb.packet.dst;
    const select = () =>
      skb.packet.family === 4
        ? selectAddress(netns.devices, devices.out, nexthop, "global")
        : selectSource6(netns.devices, devices.out, skb.packet.dst);
    const address = netns.devices.has(devices.out) ? select() : undefined;
    if (address === undefined) return netns.devices.has(devices.out) ? "drop" : unknownSource(run, devices);
    range = { ...range, manip: "src", minAddress: address, maxAddress: address };
  } else if (range.netmap) {
    const { address, mask } = range.netmap;
    const old = range.manip === "src" ? skb.packet.src : skb.packet.dst;
    const mapped = combine(old, address, mask);
    range = { ...range, minAddress: mapped, maxAddress: mapped };
  }
  if (netns.nat.isDone(connection, range.manip)) return {};
  const before = connection.reply;
  if (effect.kind === "masquerade") connection.masqueradedOn = devices.out;
  if (!netns.nat.bind(connection, range.manip, range, run.time)) return "drop";
  const after = connection.reply;
  const icmp = isIcmp(skb.packet.protocol);
  const ports = !icmp && skb.packet.transport !== undefined && "sport" in skb.packet.transport;
  if (range.manip === "dst") {
    return {
      ...(after.src !== before.src ? { dst: formatEndpoint(after.src, undefined) } : {}),
      ...(ports && after.sport !== before.sport && after.sport !== ANY_PORT ? { dport: after.sport } : {}),
    };
  }
  return {
    ...(after.dst !== before.dst ? { src: formatEndpoint(after.dst, undefined) } : {}),
    ...(ports && after.dport !== before.dport && after.dport !== ANY_PORT ? { sport: after.dport } : {}),
  };
}

/** MASQUERADE on a device that is not known: the source becomes an address that nobody can name. */
function unknownSource(run: Run, devices: { in: string; out: string }): Changes {
  run.world.assumptions.add({
    id: "masquerade-address",
    text: `the source address that MASQUERADE chooses on ${devices.out === "?" ? "the outgoing device" : devices.out} is not known; the packet is shown with its old one`,
    flag: "--links",
  });
  return {};
}

function combine(old: Address, address: Address, mask: Address): Address {
  if (typeof old === "number" && typeof address === "number" && typeof mask === "number") return ((old & ~mask) | (address & mask)) >>> 0;
  if (typeof old === "bigint" && typeof address === "bigint" && typeof mask === "bigint") return (old & ~mask) | (address & mask);
  return old;
}

/** nf_nat_redirect_ipv4: 127.0.0.1 for local packets, else the first address of the incoming device. */
function redirectAddress(netns: Netns, skb: Skb, devices: { in: string; out: string }): Address | undefined {
  if (skb.packet.family === 6) return devices.in ? redirectAddress6(netns.devices.get(devices.in), skb.packet.dst) : 1n;
  if (!devices.in) return 0x7f000001;
  return netns.devices.get(devices.in)?.addresses.find((a) => typeof a.address === "number")?.address;
}

/** net/ipv4/netfilter/ipt_ECN.c, set_ect_tcp. */
function setFlags(skb: Skb, flags: number): Changes {
  const tcp = skb.packet.transport;
  if (tcp?.kind !== "tcp") return {};
  skb.packet = { ...skb.packet, transport: { ...tcp, flags } };
  const names = Object.entries(TCP_FLAG).filter(([, bit]) => flags & bit);
  return { flags: names.map(([name]) => name).join(",") || "NONE" };
}
