import type { Effect, NatRange, PacketContext } from "../extensions/spec.ts";
import type { Address } from "../model/address.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import type { Changes, EndStep, RuleStep } from "../model/trace.ts";
import { reject } from "./answers.ts";
import { type TableResult, traverse } from "./chains.ts";
import { tablesAt } from "./compile.ts";
import { endpoint, toModelTuple } from "./connection.ts";
import { gatherFragments } from "./fragments.ts";
import type { Netns } from "./netns.ts";
import { reversePath } from "./route-input.ts";
import { selectAddress } from "./routing.ts";
import type { Run } from "./run.ts";
import { rewrite, type Skb } from "./skb.ts";

/** Devices of a hook, "" when there is none. */
export interface HookDevices {
  readonly in: string;
  readonly out: string;
}

/** Changes of the packet that make OUTPUT route it again (ipt_mangle_out, nf_nat_ipv4_local_fn). */
export type Reroute = (skb: Skb) => boolean;

/**
 * Runs a packet through all tables of a hook, with defragmentation, conntrack and nat in their places.
 * Returns whether it goes on; when not, the run's end has been set. `reroute` is called in OUTPUT when routing has to be done again.
 */
export function runHook(run: Run, netns: Netns, hook: Hook, skb: Skb, devices: HookDevices, reroute?: Reroute): boolean {
  const first = hook === "PREROUTING" || hook === "OUTPUT";
  if (first && netns.defragments && skb.packet.fragment && !gatherFragments(run, netns, skb, "conntrack")) return false;
  const current = { ...devices };
  for (const table of tablesAt(hook, netns.backend)) {
    if (first && table === "mangle") track(run, netns, hook, skb);
    const before = skb.packet;
    const mark = skb.mark;
    if (table === "nat") {
      if (!natHook(run, netns, hook, skb, current)) return false;
      if (hook === "OUTPUT" && before.dst !== skb.packet.dst && reroute && !reroute(skb)) return false;
    } else {
      if (!tableHook(run, netns, hook, table, skb, current)) return false;
      const changed = before.src !== skb.packet.src || before.dst !== skb.packet.dst || before.tos !== skb.packet.tos || mark !== skb.mark;
      if (hook === "OUTPUT" && table === "mangle" && changed && reroute && !reroute(skb)) return false;
    }
  }
  if ((hook === "INPUT" || hook === "POSTROUTING") && netns.conntrack && !netns.conntrack.confirm(skb, run.time)) {
    run.drop(skb, "conntrack-clash", "another connection with the same addresses and ports was entered meanwhile");
    return false;
  }
  return true;
}

/** Connection tracking's turn at PREROUTING and OUTPUT. */
function track(run: Run, netns: Netns, hook: Hook, skb: Skb): void {
  const conntrack = netns.conntrack;
  if (!conntrack || skb.ctState === "UNTRACKED") {
    if (!conntrack) skb.ctState = "UNTRACKED";
    else run.steps.push({ kind: "conntrack", netns: netns.name, state: "UNTRACKED" });
    return;
  }
  if (skb.connection) return;
  const why = conntrack.track(skb, run.time, hook === "PREROUTING", () => run.world.newFlow());
  const connection = skb.connection as Skb["connection"];
  const protocolState = connection?.tcp?.state ?? connection?.sctpState;
  run.steps.push({
    kind: "conntrack",
    netns: netns.name,
    state: skb.ctState,
    ...(connection ? { direction: skb.ctDirection } : {}),
    ...(protocolState ? { protocolState } : {}),
    ...(why ? { note: why } : {}),
  });
}

function tableHook(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, devices: { in: string; out: string }): boolean {
  const compiled = netns.ruleset?.get(table);
  if (!compiled) return true;
  return finish(run, netns, hook, table, skb, traverseTable(run, netns, hook, table, skb, devices));
}

function traverseTable(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, devices: { in: string; out: string }): TableResult {
  const compiled = netns.ruleset?.get(table);
  if (!compiled) return { verdict: "ACCEPT" };
  return traverse(compiled, {
    netns: netns.name,
    hook,
    table,
    choices: run.world.choices,
    detailed: run.world.detailed,
    context: contextOf(run, netns, hook, table, skb, devices),
    undeterminedPort: skb.undeterminedPort === true,
    add: (step) => run.steps.push(step),
    apply: (effects, step) => applyEffects(run, netns, hook, skb, devices, effects, step),
    settleDevice: (which, name) => {
      devices[which] = name;
      if (which === "in") skb.in = name;
    },
  });
}

/** Ends the packet's way when a table's verdict ends it. */
function finish(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, result: TableResult): boolean {
  if (result.verdict === "ACCEPT") return true;
  const at = { netns: netns.name, table, ...placeOf(result.step) };
  if (result.verdict === "QUEUE") run.end("queued", at);
  else if (result.verdict === "REJECT") run.end("rejected", at);
  else if (!result.step) run.drop(skb, "malformed", `a match in ${table} ${hook} drops packets whose header is cut short`);
  else run.end("dropped", at);
  return false;
}

function placeOf(step: RuleStep | EndStep | undefined) {
  if (!step) return {};
  if (step.kind === "rule") return { chain: step.chain, kind: "rule" as const, rule: step.rule.number, line: step.rule.line };
  return { chain: step.chain, kind: "policy" as const, rule: step.number, line: step.line };
}

/** nf_nat_inet_fn: the nat table for the packet that creates a binding, the binding for all others. */
function natHook(run: Run, netns: Netns, hook: Hook, skb: Skb, devices: { in: string; out: string }): boolean {
  const { nat } = netns;
  const connection = skb.connection;
  if (!nat || !connection || !netns.ruleset?.has("nat")) return true;
  const manip = hook === "PREROUTING" || hook === "OUTPUT" ? "dst" : "src";
  const note = (by: "rule" | "entry", change: { from: string; to: string } | undefined) => {
    if (change) run.steps.push({ kind: "nat", netns: netns.name, manip, by, ...change });
  };
  if (skb.ctState === "RELATED" && skb.packet.protocol === PROTOCOL.icmp) {
    note("entry", nat.translateError(skb, manip));
    return true;
  }
  let by: "rule" | "entry" = "entry";
  if ((skb.ctState === "NEW" || skb.ctState === "RELATED") && !nat.isDone(connection, manip)) {
    const result = traverseTable(run, netns, hook, "nat", skb, devices);
    if (!finish(run, netns, hook, "nat", skb, result)) return false;
    if (nat.isDone(connection, manip)) by = "rule";
    else if (!nat.bind(connection, manip, undefined, run.time)) {
      run.drop(skb, "nat-failed", "no free address and port was left for its translation");
      return false;
    }
  }
  note(by, nat.translate(skb, manip));
  return true;
}

/** Applies a target's effects to packet and connection; the changes go into the trace. A key "drop" means that the target drops it. */
function applyEffects(
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
      case "set-mss":
        Object.assign(changes, setMss(run, netns, skb, effect.value));
        break;
      case "set-priority":
        skb.priority = effect.value;
        changes["priority"] = effect.value;
        break;
      case "notrack":
        if (!skb.connection) skb.ctState = "UNTRACKED";
        break;
      case "ct-template":
        skb.template = { ...skb.template, ...effect };
        break;
      case "log":
        break;
      case "reject":
        reject(run, netns, hook, skb, devices, effect.with);
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
    const address = redirectAddress(netns, devices);
    if (address === undefined) return "drop";
    range = { ...range, manip: "dst", minAddress: address, maxAddress: address };
  } else if (effect.kind === "masquerade") {
    if (skb.packet.src === 0) return {};
    const nexthop = skb.destination?.nexthop?.via ?? skb.packet.dst;
    const address = netns.devices.has(devices.out) ? selectAddress(netns.devices, devices.out, nexthop, "global") : undefined;
    if (address === undefined) return netns.devices.has(devices.out) ? "drop" : unknownSource(run, netns, devices, skb);
    range = { ...range, manip: "src", minAddress: address, maxAddress: address };
  } else if (range.netmap) {
    const { address, mask } = range.netmap;
    const old = range.manip === "src" ? skb.packet.src : skb.packet.dst;
    const mapped = combine(old, address, mask);
    range = { ...range, minAddress: mapped, maxAddress: mapped };
  }
  if (netns.nat.isDone(connection, range.manip)) return {};
  const before = toModelTuple(connection.reply);
  if (!netns.nat.bind(connection, range.manip, range, run.time)) return "drop";
  const after = connection.reply;
  const icmp = skb.packet.protocol === PROTOCOL.icmp;
  const ports = !icmp && skb.packet.transport !== undefined && "sport" in skb.packet.transport;
  if (range.manip === "dst") {
    return {
      ...(after.src !== before.src ? { dst: endpoint(after.src, undefined) } : {}),
      ...(ports && after.sport !== before.sport ? { dport: after.sport } : {}),
    };
  }
  return {
    ...(after.dst !== before.dst ? { src: endpoint(after.dst, undefined) } : {}),
    ...(ports && after.dport !== before.dport && after.dport >= 0 ? { sport: after.dport } : {}),
  };
}

/** MASQUERADE on a device that is not known: the source becomes an address that nobody can name. */
function unknownSource(run: Run, _netns: Netns, devices: { in: string; out: string }, _skb: Skb): Changes {
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
function redirectAddress(netns: Netns, devices: { in: string; out: string }): Address | undefined {
  if (!devices.in) return 0x7f000001;
  return netns.devices.get(devices.in)?.addresses.find((a) => typeof a.address === "number")?.address;
}

/** xt_TCPMSS.c, tcpmss_mangle_packet: an option is only ever lowered; a missing one is added when the header has room. */
function setMss(run: Run, netns: Netns, skb: Skb, value: number | "pmtu"): Changes {
  const tcp = skb.packet.transport;
  if (tcp?.kind !== "tcp" || (skb.packet.fragment?.offset ?? 0) > 0) return {};
  const mss = value === "pmtu" ? pathMtu(netns, skb) - 40 : value;
  void run;
  const current = tcp.options.find((option) => option.kind === 2 && option.data.length === 2);
  const encode = (n: number) => Uint8Array.of(n >> 8, n & 255);
  if (current) {
    const old = ((current.data[0] ?? 0) << 8) | (current.data[1] ?? 0);
    if (old <= mss) return {};
    const options = tcp.options.map((option) => (option === current ? { kind: 2, data: encode(mss) } : option));
    skb.packet = { ...skb.packet, transport: { ...tcp, options } };
    return { mss };
  }
  if (skb.packet.length > skb.packet.headerLength + tcp.headerLength || tcp.headerLength >= 60) return {};
  const added = Math.min(mss, 536);
  const options = [{ kind: 2, data: encode(added) }, ...tcp.options];
  skb.packet = { ...skb.packet, length: skb.packet.length + 4, transport: { ...tcp, headerLength: tcp.headerLength + 4, options } };
  return { mss: added };
}

/** MTU of the route that a packet takes, by the outgoing device. */
export function pathMtu(netns: Netns, skb: Skb): number {
  const route = skb.destination?.route?.mtu;
  return route ?? netns.devices.get(skb.destination?.device ?? "")?.mtu ?? 1500;
}

/** What matches and targets see: the packet as it is now. */
function contextOf(
  run: Run,
  netns: Netns,
  hook: Hook,
  table: TableName,
  skb: Skb,
  devices: { in: string; out: string },
): PacketContext & { ruleKey: string; in: string; out: string } {
  return {
    get packet(): Packet {
      return skb.packet;
    },
    family: skb.packet.family,
    netns: netns.name,
    hook,
    table,
    backend: netns.backend,
    get in() {
      return devices.in;
    },
    get out() {
      return devices.out;
    },
    ...(skb.bridge ? { physIn: skb.bridge.physIn, ...(skb.bridge.physOut ? { physOut: skb.bridge.physOut } : {}) } : {}),
    bridged: skb.bridge?.physOut !== undefined,
    get mark() {
      return skb.mark;
    },
    get priority() {
      return skb.priority;
    },
    time: run.time,
    frameType: skb.type,
    ...(skb.srcMac === undefined ? {} : { srcMac: skb.srcMac }),
    get ctState() {
      return skb.ctState;
    },
    get connection() {
      return netns.conntrack?.view(skb, run.time);
    },
    ruleKey: "",
    cells: run.world.state,
    realm: skb.destination?.route?.realm ?? 0,
    ...(netns.sets ? { sets: netns.sets } : {}),
    addressType: (address, device) => netns.addressType(address, device),
    pathMtu: () => pathMtu(netns, skb),
    reversePath: (options) => reversePath(run, netns, skb, devices.in, options),
  } as PacketContext & { ruleKey: string; in: string; out: string };
}

export { rewrite };
