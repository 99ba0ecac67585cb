import type { Effect } from "../extensions/effect.ts";
import type { Mutable } from "../model/mutable.ts";
import { isIcmp, type Packet } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import type { Changes, ConntrackStep, EndStep, RuleStep } from "../model/trace.ts";
import { added } from "./added.ts";
import { endOf } from "./chain-steps.ts";
import { type TableResult, type Traversal, traverse } from "./chains.ts";
import { type CompiledChain, tablesAt } from "./compile.ts";
import { announcement, confirm } from "./confirm.ts";
import type { Connection } from "./connection.ts";
import { HookContext } from "./context.ts";
import { applyEffects } from "./effects.ts";
import { gatherFragments } from "./fragments.ts";
import { gatherFragments6 } from "./fragments6.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import type { Stack } from "./stack.ts";
import { Undecided } from "./undecided.ts";

const NONE: readonly never[] = [];

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
  const stack = netns.stack(skb.packet.family);
  if (first && stack.defragments && !defragment(run, netns, hook, skb)) return false;
  const current = { ...devices };
  for (const table of tablesAt(hook, stack.backend)) {
    if (first && table === "mangle" && !track(run, netns, hook, skb)) return false;
    const before = skb.packet;
    const mark = skb.mark;
    if (table === "nat") {
      if (hook === "INPUT") netns.ipvs?.check(run, hook, skb);
      if (!natHook(run, netns, hook, skb, current)) return false;
      if (hook === "OUTPUT" && isSentElsewhere(skb) && reroute && !reroute(skb)) return false;
      if (hook === "OUTPUT") netns.ipvs?.check(run, hook, skb);
    } else {
      if (!tableHook(run, netns, hook, table, skb, current)) return false;
      if (hook === "OUTPUT" && table === "mangle" && (mark !== skb.mark || isRoutedAgain(before, skb.packet)) && reroute && !reroute(skb))
        return false;
    }
  }
  if (hook === "FORWARD") netns.ipvs?.check(run, hook, skb);
  const conntrack = netns.tracker(skb.packet.family);
  if ((hook !== "INPUT" && hook !== "POSTROUTING") || !conntrack) return true;
  return confirm(run, netns, conntrack, skb);
}

/** Whether OUTPUT's mangle table has changed what a packet is routed by (ipt_mangle_out, ip6t_mangle_out). */
function isRoutedAgain(before: Packet, now: Packet): boolean {
  if (before.src !== now.src || before.dst !== now.dst || before.tos !== now.tos) return true;
  return now.family === 6 && before.ttl !== now.ttl;
}

/** Puts a fragment together with the others (nf_defrag_ipv4.c, nf_defrag_ipv6_hooks.c). Returns whether there is a packet to go on with. */
function defragment(run: Run, netns: Netns, hook: Hook, skb: Skb): boolean {
  if (skb.packet.family === 4) return !skb.packet.fragment || isUntracked(netns.ip4, skb) || gatherFragments(run, netns, skb, hook);
  if (skb.connection || isUntracked(netns.ip6, skb)) return true;
  const gathered = gatherFragments6(run, netns, skb, "conntrack");
  if (gathered === "queued")
    run.end("queued", { netns: netns.name, reason: "defrag-queue", text: "it waits for the other fragments of its datagram" });
  else if (typeof gathered === "object") run.drop(skb, "defrag", gathered.drop);
  return gathered === "whole" || gathered === "as-is";
}

/** What went through OUTPUT without being tracked stays apart when it comes round through lo (ipv4_conntrack_defrag, ipv6_defrag). */
function isUntracked({ tracks }: Stack, { ctState }: Skb): boolean {
  return tracks && ctState === "UNTRACKED";
}

/** nf_nat_ipv4_local_fn asks the connection, not the packet: an ICMP error that goes back along a source route keeps its route. */
function isSentElsewhere({ connection, ctDirection }: Skb): boolean {
  if (!connection) return false;
  const [own, other] = ctDirection === "original" ? [connection.original, connection.reply] : [connection.reply, connection.original];
  return own.dst !== other.src;
}

/** Connection tracking's turn at PREROUTING and OUTPUT. Returns whether the packet goes on; when not, the run's end has been set. */
function track(run: Run, netns: Netns, hook: Hook, skb: Skb): boolean {
  const conntrack = netns.tracker(skb.packet.family);
  if (!conntrack || skb.ctState === "UNTRACKED") {
    if (!conntrack) skb.ctState = "UNTRACKED";
    else run.steps.push({ kind: "conntrack", netns: netns.name, state: "UNTRACKED" });
    return true;
  }
  if (skb.connection) return true;
  const { packet } = skb;
  const why = conntrack.track(skb, run.time, hook === "PREROUTING");
  const { refusal, assumption } = skb.room ?? {};
  if (assumption) run.world.assumptions.add(assumption);
  if (refusal !== undefined) {
    run.drop(skb, "conntrack-full", refusal);
    return false;
  }
  if (skb.takenForOpening) {
    run.world.assumptions.add({
      id: "snapshot-age",
      text: "the connection that conntrack -L lists is the one that this packet opens, and was not there before",
      flag: "a snapshot taken before the capture, with takenAt in its snapshot.json",
    });
  }
  const connection = skb.connection as Skb["connection"];
  // Going round in a circle with a port that is not known, it would be taken for a packet of the connection that it made before.
  if (connection && skb.undeterminedPort && run.opened.includes(connection))
    throw new Undecided("the port that source NAT picks at random");
  run.connection ??= connection;
  if (connection && !connection.confirmed) run.opened = added(run.opened, connection);
  const protocolState = connection?.tcp?.state ?? connection?.sctp?.state;
  const step: Mutable<ConntrackStep> = { kind: "conntrack", netns: netns.name, state: skb.ctState };
  if (connection) step.direction = skb.ctDirection;
  if (protocolState) step.protocolState = protocolState;
  const note = why ?? (skb.ctState === "RELATED" ? announcement(connection) : undefined);
  if (note !== undefined) step.note = note;
  run.steps.push(step);
  if (skb.template) run.lesson.asked("more");
  // What comes round through lo as INVALID is looked at anew, by what rules say there (nf_conntrack_in).
  skb.template = undefined;
  const tracked = { conntrack, packet, prerouting: hook === "PREROUTING", connection, direction: skb.ctDirection, step };
  run.lesson.tracked = added(run.lesson.tracked, tracked);
  return true;
}

function tableHook(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, devices: { in: string; out: string }): boolean {
  if (!netns.stack(skb.packet.family).ruleset?.has(table)) return true;
  return finish(run, netns, hook, table, skb, traverseTable(run, netns, hook, table, skb, devices));
}

function traverseTable(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, devices: { in: string; out: string }): TableResult {
  const { ruleset, backend } = netns.stack(skb.packet.family);
  const compiled = ruleset?.get(table);
  const builtin = compiled?.get(hook);
  if (!compiled || !builtin) return { verdict: "ACCEPT" };
  if (builtin.length === 0) return endOfEmpty(run, builtin, netns, hook, table, skb, devices);
  const traversal = new TableTraversal(run, netns, hook, table, skb, devices);
  // Tables of iptables-legacy hold off interrupts while they are traversed (ipt_do_table).
  if (backend !== "legacy") return traverse(compiled, traversal);
  run.holdOff();
  const result = traverse(compiled, traversal);
  run.letIn();
  return result;
}

/** What most chains of most tables are: their policy, and nothing to be asked before it. */
function endOfEmpty(
  run: Run,
  builtin: CompiledChain,
  netns: Netns,
  hook: Hook,
  table: TableName,
  skb: Skb,
  devices: HookDevices,
): TableResult {
  const { mark, bridge } = skb;
  const context = { hook, in: devices.in, out: devices.out, physIn: bridge?.physIn, physOut: bridge?.physOut || undefined, mark };
  const step = endOf(builtin, builtin, { netns: netns.name, hook, table, context }, NONE);
  run.steps.push(step);
  return { verdict: builtin.policy ?? "ACCEPT", step };
}

/** A packet on its way through a table at a hook. */
class TableTraversal implements Traversal {
  readonly netns: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly choices: Traversal["choices"];
  readonly detailed: boolean;
  readonly indexed: boolean;
  readonly lesson: Traversal["lesson"];
  readonly context: HookContext;
  readonly undeterminedPort: boolean;
  readonly #run: Run;
  readonly #netns: Netns;
  readonly #skb: Skb;
  readonly #devices: { in: string; out: string };

  constructor(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, devices: { in: string; out: string }) {
    const { choices, detailed, indexed } = run.world;
    this.netns = netns.name;
    this.hook = hook;
    this.table = table;
    this.choices = choices;
    this.detailed = detailed;
    this.indexed = indexed;
    this.lesson = run.lesson;
    this.context = new HookContext(run, netns, hook, table, skb, devices);
    this.undeterminedPort = skb.undeterminedPort === true;
    this.#run = run;
    this.#netns = netns;
    this.#skb = skb;
    this.#devices = devices;
  }

  add(step: RuleStep | EndStep): void {
    this.#run.steps.push(step);
  }

  apply(effects: readonly Effect[], step: RuleStep): Changes | undefined {
    return applyEffects(this.#run, this.#netns, this.hook, this.#skb, this.#devices, effects, step);
  }

  settleDevice(which: "in" | "out", name: string): void {
    this.#devices[which] = name;
    if (which === "in") this.#skb.in = name;
  }
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

/** nf_nat_oif_changed */
function leavesElsewhere({ masqueradedOn }: Connection, hook: Hook, skb: Skb, out: string): boolean {
  return masqueradedOn !== undefined && hook === "POSTROUTING" && skb.ctDirection === "original" && masqueradedOn !== out;
}

function noteNat(
  run: Run,
  netns: Netns,
  manip: "src" | "dst",
  by: "rule" | "entry",
  change: { readonly from: string; readonly to: string } | undefined,
): void {
  if (change) run.steps.push({ kind: "nat", netns: netns.name, manip, by, from: change.from, to: change.to });
}

/** nf_nat_inet_fn: the nat table for the packet that creates a binding, the binding for all others. */
function natHook(run: Run, netns: Netns, hook: Hook, skb: Skb, devices: { in: string; out: string }): boolean {
  const { nat } = netns;
  const connection = skb.connection;
  if (!nat || !connection || !netns.stack(skb.packet.family).ruleset?.has("nat")) return true;
  const manip = hook === "PREROUTING" || hook === "OUTPUT" ? "dst" : "src";
  if (skb.ctState === "RELATED" && isIcmp(skb.packet.protocol)) {
    const refused = nat.refusesError(skb, manip, hook);
    if (refused !== undefined) {
      run.drop(skb, "nat-error", refused);
      return false;
    }
    noteNat(run, netns, manip, "entry", nat.translateError(skb, manip));
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
  } else if (leavesElsewhere(connection, hook, skb, devices.out)) {
    netns.conntrack?.forget(connection);
    run.drop(
      skb,
      "masquerade-device",
      `its connection was masqueraded on ${connection.masqueradedOn}, but it leaves on ${devices.out}: the kernel forgets the connection and drops the packet`,
    );
    return false;
  }
  if (nat.lacksHeader(skb, manip)) {
    run.drop(skb, "nat-failed", "its GRE header is too short for NAT to translate it");
    return false;
  }
  noteNat(run, netns, manip, by, nat.translate(skb, manip));
  return true;
}
