import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/lint/finding.ts";
import { drawnPlan } from "../sets/drawn-table.ts";
import { Lab } from "./lab/lab.ts";
import type { Sent } from "./lab/protocol.ts";
import { lack } from "./lack.ts";
import { packetsOf } from "./lint/counters.ts";
import { aimed, answerTo, type Drawn, deadLinesOf, drawn, liveRulesOf, saysNever, witnessJourney } from "./lint/drawn.ts";
import { type Journey, sendingOf, world } from "./lint/world.ts";
import { settings } from "./live-settings.ts";

const { seed, backend, family, findings: wanted } = settings();
/** Rulesets that are drawn for so many findings at most. */
const MOST_RULESETS = wanted * 5;
/** Packets for each rule that nothing can match, and for rules that something can. */
const AT_DEAD = 9;
const AT_LIVE = 2;
const MOST_LIVE = 8;
/** Share of the rules that something matches, as the linter has it, of which the packets have to match some: with less they would not show a false finding. */
const LEAST_MATCHED = 0.3;

const lacking = await lack(backend);
const tally = { rulesets: 0, refused: 0, packets: 0, never: 0, dead: 0, shown: 0, live: 0, matched: 0 };

if (lacking !== undefined) process.stdout.write(`live kernel, lint, ${backend}, IPv${family}: skipped, for ${lacking}\n`);

describe.skipIf(lacking !== undefined)(`findings of the linter and the live kernel, ${backend}, IPv${family}, seed ${seed}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start();
  });

  afterAll(async () => {
    await lab.stop();
    const { rulesets, refused, packets, never, dead, shown, live, matched } = tally;
    process.stdout.write(
      `live kernel, lint, ${backend}, IPv${family}, seed ${seed}: ${never + shown} findings in ${rulesets} rulesets: ${never} of rules that nothing matches ` +
        `(${dead} rules), ${shown} with a packet that shows it; ${packets} packets, which matched ${matched} of ${live} other rules; ${refused} rulesets refused\n`,
    );
  });

  it(`agree about ${wanted} findings`, async () => {
    for (let i = 0; i < MOST_RULESETS && !isEnough(); i++) {
      const number = seed * 10_000 + i;
      await agreement(lab, drawn(number, { ...drawnPlan(number), backend, family }));
    }
    expect(isEnough()).toBe(true);
    expect(tally.matched).toBeGreaterThan(tally.live * LEAST_MATCHED);
  });
});

/** Whether so many findings were held against the kernel as are wanted, and some of each kind. */
function isEnough(): boolean {
  return tally.never + tally.shown >= wanted && tally.shown >= wanted / 10;
}

/** Fails where the kernel does otherwise than the linter says. */
async function agreement(lab: Lab, one: Drawn): Promise<void> {
  const found = one.findings.filter(saysNever);
  const shown = one.findings.flatMap((finding) => {
    const journey = witnessJourney(one, finding);
    return journey ? [{ finding, journey }] : [];
  });
  if (found.length === 0 && shown.length === 0) return;
  if (!(await neverMatched(lab, one))) {
    tally.refused++;
    return;
  }
  tally.rulesets++;
  tally.never += found.length;
  for (const { finding, journey } of shown) await isShown(lab, one, finding, journey);
}

/** Sends packets at the rules that nothing can match, and at some of the others; false where the kernel does not take the ruleset. */
async function neverMatched(lab: Lab, one: Drawn): Promise<boolean> {
  const lines = deadLinesOf(one);
  const rules = [...one.table.chains.values()].flatMap((chain) => [...chain.rules]);
  const dead = rules.filter(({ line }) => lines.has(line));
  const live = liveRulesOf(one).slice(0, MOST_LIVE);
  const journeys = [...dead.flatMap((rule) => aimed(one, rule, AT_DEAD)), ...live.flatMap((rule) => aimed(one, rule, AT_LIVE))];
  const built = await lab.build(world(one.text, family, backend, journeys));
  if ("error" in built) {
    if (built.stage?.startsWith("rules") !== true) throw new Error(`${built.error} ${built.stage} ${built.stderr}`);
    return false;
  }
  for (const [i, journey] of journeys.entries()) {
    await send(lab, journey);
    const answer = i % 2 === 0 ? answerTo(journey) : undefined;
    if (!answer) continue;
    await send(lab, answer);
    await send(lab, journey);
  }
  const counts = await packetsOf(lab, one.table, family, backend);
  for (const rule of dead) if (counts.get(rule)) fail(one, `no packet can match line ${rule.line}, and ${counts.get(rule)} did`);
  tally.dead += dead.length;
  tally.live += live.length;
  tally.matched += live.filter((rule) => counts.get(rule)).length;
  return true;
}

/** Sends the packet of a finding's command into a fresh namespace: the rule or the policy that is said to decide over it does. */
async function isShown(lab: Lab, one: Drawn, finding: Finding, journey: Journey): Promise<void> {
  const { outcome = "", packet = "" } = finding.witness ?? {};
  const line = Number(/\bline (\d+)/.exec(outcome)?.[1]);
  const policy = /\bpolicy of (\S+)/.exec(outcome)?.[1];
  const rule = [...one.table.chains.values()].flatMap((chain) => [...chain.rules]).find((own) => own.line === line);
  if (!rule && policy === undefined) return;
  const built = await lab.build(world(one.text, family, backend, [journey]));
  if ("error" in built) fail(one, `${packet} cannot be asked about: ${built.error} ${built.stderr}`);
  const { steps } = await send(lab, journey);
  const counts = await packetsOf(lab, one.table, family, backend);
  const decided = rule
    ? counts.get(rule)
    : steps.some(({ kind, table, chain }) => kind === "policy" && table === "filter" && chain === policy);
  if (!decided) fail(one, `${finding.rule} of line ${finding.line} says "${outcome}" of "${packet}", and it is not`);
  const own = [...counts].find(([other]) => other.line === finding.line);
  if (saysNever(finding) && own?.[1]) fail(one, `no packet can match line ${finding.line}, and that of "${packet}" did`);
  tally.shown++;
}

async function send(lab: Lab, journey: Journey): Promise<Sent> {
  tally.packets++;
  return lab.send(sendingOf(journey));
}

function fail({ seed: number, plan, text }: Drawn, what: string): never {
  throw new Error(`ruleset ${number}, ${plan.table} ${plan.hook}: ${what}\n${text}`);
}
