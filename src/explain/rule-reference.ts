import type { Family } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import type { Rule, TableName } from "../model/rule.ts";
import type { RuleReference } from "../model/test-file.ts";
import type { EndStep, RuleStep } from "../model/trace.ts";
import { briefRule, commentOf, ruleName } from "./rule-words.ts";

/** Where an expectation is looked at: `home` is the namespace that is meant where it does not say another. */
export interface Setting {
  readonly host: Host;
  readonly home: string;
}

/** Whether a step is that of the rule or policy that a test names; it lies in `home` where the test does not say another namespace. */
export function isStepOf({ by, netns }: RuleReference, step: RuleStep | EndStep, home: string): boolean {
  if ((netns ?? home) !== step.netns) return false;
  if (step.kind === "rule") return isRuleOf(by, step.table, step.chain, step.rule);
  if (step.kind === "return") return false;
  return by.kind === "policy" ? by.table === step.table && by.chain === step.chain : by.kind === "line" && by.line === step.line;
}

function isRuleOf(by: RuleReference["by"], table: TableName, chain: string, rule: Rule): boolean {
  switch (by.kind) {
    case "number":
      return by.table === table && by.chain === chain && by.rule === rule.number;
    case "line":
      return by.line === rule.line;
    case "rule":
      return (chainOf(by.text) ?? chain) === chain && plain(by.text) === plain(rule.text);
    case "comment":
      return by.comment === commentOf(rule);
    case "policy":
      return false;
  }
}

/** The chain that a rule's text begins with. */
function chainOf(text: string): string | undefined {
  const [, quoted, bare] = /^-A (?:"([^"]*)"|(\S+))/.exec(text) ?? [];
  return quoted ?? bare;
}

/** A rule's text without what iptables-save may write or leave out. */
function plain(text: string): string {
  return briefRule({ text: text.replace(/\s+/g, " ") });
}

/** A rule as a test names it, and what the host has there: "filter FORWARD 4 (line 20): -j DROP". */
export function referenceWords({ by, netns = "", text }: RuleReference, family: Family, { host, home }: Setting): string {
  if (by.kind === "policy") return text;
  const namespace = host.namespaces.get(netns || home);
  const elsewhere = netns ? ` in netns ${netns}` : "";
  const ruleset = family === 4 ? namespace?.ruleset4 : namespace?.ruleset6;
  for (const { name, chains } of ruleset?.tables.values() ?? []) {
    for (const chain of chains.values()) {
      if (by.kind === "line" && chain.line === by.line && chain.policy !== undefined)
        return `${name} ${chain.name} policy (line ${by.line})${elsewhere}`;
      const rule = chain.rules.find((one) => isRuleOf(by, name, chain.name, one));
      if (rule) return `${ruleName(name, chain.name, rule)}${elsewhere}: ${briefRule(rule)}`;
    }
  }
  return ruleset ? `${text} (there is no such rule for IPv${family} in netns ${netns || home})` : text;
}
