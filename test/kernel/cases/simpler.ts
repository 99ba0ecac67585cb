import type { Case, NetnsRules, Send, TablePlan } from "./case.ts";

/** Cases with something left out, the largest pieces first; ends when nothing can be left out any more. */
export function* simpler(value: Case): IterableIterator<Case> {
  for (const sends of without(value.sends)) if (sends.length > 0) yield { ...value, sends: dangling(sends) };
  for (const rules of without(value.rules)) yield { ...value, rules };
  for (const rules of oneOf(value.rules, simplerRules)) yield { ...value, rules };
  for (const sends of oneOf(value.sends, simplerSend)) yield { ...value, sends };
  const { topology } = value;
  const namespaces = oneOf(topology.namespaces, function* (plan) {
    for (const names of without(Object.keys(plan.sysctls))) {
      yield { ...plan, sysctls: Object.fromEntries(names.map((name) => [name, plan.sysctls[name] ?? ""])) };
    }
    for (const bridge of without(plan.bridge)) yield { ...plan, bridge };
    // Addresses, neighbours and links stay: without them the kernel asks for neighbours, which is no part of the question.
    const removable = plan.commands.filter((line) => /^(route|rule) | type bridge (group|nf)_/.test(line));
    for (const kept of without(removable))
      yield { ...plan, commands: plan.commands.filter((line) => !removable.includes(line) || kept.includes(line)) };
  });
  for (const changed of namespaces) yield { ...value, topology: { ...topology, namespaces: changed } };
}

/** The list without one of its halves, quarters … single elements. */
function* without<T>(list: readonly T[]): IterableIterator<readonly T[]> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < list.length; start += size) yield [...list.slice(0, start), ...list.slice(start + size)];
  }
}

/** The list with one element replaced by something simpler. */
function* oneOf<T>(list: readonly T[], simplify: (value: T) => Iterable<T>): IterableIterator<readonly T[]> {
  for (const [i, value] of list.entries()) for (const simple of simplify(value)) yield list.with(i, simple);
}

/** Sends that refer to one that is gone cannot be sent. */
function dangling(sends: readonly Send[]): readonly Send[] {
  const ids = new Set<number>();
  return sends.filter((send) => {
    const refers = send.kind === "answer" ? send.to : send.kind === "error" ? send.about : send.kind === "again" ? send.of : undefined;
    if (refers !== undefined && !ids.has(refers)) return false;
    ids.add(send.id);
    return true;
  });
}

function* simplerRules(rules: NetnsRules): IterableIterator<NetnsRules> {
  for (const tables of without(rules.tables)) yield { ...rules, tables };
  for (const tables of oneOf(rules.tables, simplerTable)) yield { ...rules, tables };
  for (const sets of without(rules.sets)) yield { ...rules, sets };
}

function* simplerTable(table: TablePlan): IterableIterator<TablePlan> {
  for (const [i, chain] of table.chains.entries()) {
    for (const rules of without(chain.rules)) yield { ...table, chains: table.chains.with(i, { ...chain, rules }) };
    if (chain.policy === "DROP") yield { ...table, chains: table.chains.with(i, { ...chain, policy: "ACCEPT" }) };
    if (chain.policy === "-" && chain.rules.length === 0) yield { ...table, chains: table.chains.toSpliced(i, 1) };
  }
  for (const [i, chain] of table.chains.entries()) {
    for (const rules of oneOf(chain.rules, simplerRule)) yield { ...table, chains: table.chains.with(i, { ...chain, rules }) };
  }
}

/** A rule without one of its conditions; what the kernel then refuses is passed over. */
function* simplerRule(rule: string): IterableIterator<string> {
  const pieces = rule.split(/ (?=! -|-[a-z] |-f\b|-m )/);
  for (const shorter of without(pieces)) if (shorter.length > 0) yield shorter.join(" ");
}

function* simplerSend(send: Send): IterableIterator<Send> {
  if (!("header" in send)) return;
  const { options: _options, damage: _damage, fragments: _fragments, dstMac: _dstMac, ...plain } = send.header;
  if (Object.keys(plain).length < Object.keys(send.header).length) yield { ...send, header: plain };
  if (send.header.tos !== 0) yield { ...send, header: { ...send.header, tos: 0 } };
  if (send.header.ttl !== 64) yield { ...send, header: { ...send.header, ttl: 64 } };
  if ("payload" in send && "data" in send.payload && send.payload.data !== "") yield { ...send, payload: { ...send.payload, data: "" } };
  if ("payload" in send && send.payload.kind === "tcp" && send.payload.options !== "")
    yield { ...send, payload: { ...send.payload, options: "" } };
}
