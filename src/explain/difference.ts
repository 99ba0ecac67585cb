import { formatAddress, parseAddress } from "../model/address.ts";
import { formatEndpoint, splitEndpoint } from "../model/endpoint.ts";
import type { Expectation, ExpectedEndpoint } from "../model/test-file.ts";
import type { PacketTrace, Translation, Way } from "../model/trace.ts";
import { decidingSteps, stepWords } from "./deciding.ts";
import { readCondition } from "./open-condition.ts";
import { reasonWords } from "./reasons.ts";
import { isStepOf, referenceWords, type Setting } from "./rule-reference.ts";
import { isChainStep } from "./steps.ts";
import { list } from "./words.ts";

/** Something that is not as a test expects it, in words. */
export interface Difference {
  /** The key in the test, or "packet" where it could not be sent. */
  readonly key: keyof Expectation | "packet";
  readonly expected: string;
  readonly found: string;
}

type Check = (way: Way, trace: PacketTrace, expect: Expectation, setting: Setting) => Omit<Difference, "key"> | undefined;

/** In what a packet fared otherwise than expected. What can have gone in several ways must hold for all of them. */
export function differences(trace: PacketTrace, expect: Expectation, setting: Setting): readonly Difference[] {
  const ways = trace.alternatives.length > 0 ? trace.alternatives : [trace.way];
  const verdict = wrongVerdict(trace, expect);
  const others = CHECKS.flatMap(([key, check]): Difference[] => {
    const failed = ways.flatMap((way) => {
      const wrong = check(way, trace, expect, setting);
      return wrong ? [{ way, wrong }] : [];
    });
    const [first] = failed;
    if (!first) return [];
    const { way, wrong } = first;
    const only = failed.length < ways.length ? ` (if ${list(way.conditions.map((words) => readCondition(words).text))})` : "";
    return [{ key, expected: wrong.expected, found: `${wrong.found}${only}` }];
  });
  return verdict ? [verdict, ...others] : others;
}

function wrongVerdict(trace: PacketTrace, { verdict }: Expectation): Difference | undefined {
  const found = trace.way.verdict;
  if (verdict ? verdict.includes(found) : found !== "unknown") return undefined;
  const open = trace.way.undecided ?? "something that was not given";
  return {
    key: "verdict",
    expected: verdict ? list(verdict, "or") : "one that is certain",
    found: found === "unknown" ? `unknown: it depends on ${readCondition(open).unknown}` : found,
  };
}

const CHECKS: readonly (readonly [keyof Expectation, Check])[] = [
  [
    "rule",
    (way, trace, { rule }, setting) => {
      if (!rule) return undefined;
      const steps = decidingSteps(way);
      if (steps.some((step) => isStepOf(rule, step, setting.home))) return undefined;
      const found = list(steps.map((step) => stepWords(step, setting.home)));
      return { expected: referenceWords(rule, trace.packet.family, setting), found: found || "none" };
    },
  ],
  [
    "matches",
    (way, trace, { matches = [] }, setting) => {
      const steps = (way.allSteps ?? way.steps).filter((step) => isChainStep(step));
      const missing = matches.filter((rule) => !steps.some((step) => isStepOf(rule, step, setting.home)));
      if (missing.length === 0) return undefined;
      return { expected: list(missing.map((rule) => referenceWords(rule, trace.packet.family, setting))), found: "no match there" };
    },
  ],
  [
    "reason",
    ({ at, verdict }, trace, { reason }) => {
      if (reason === undefined || at.reason === reason) return undefined;
      const why = at.reason ?? (at.table ? `${at.table} ${at.chain} ${at.kind === "policy" ? "policy" : at.rule}` : verdict);
      return { expected: reason, found: at.reason === undefined ? why : `${why} (${reasonWords(at, trace.packet)})` };
    },
  ],
  ["dnat", ({ nat }, _, { dnat }) => wrongTranslation(dnat, nat.dst)],
  [
    "snat",
    ({ nat }, { assumptions }, { snat }) => {
      // The packet is then shown with its old source, which is not the one that it has.
      const open = assumptions.find(({ id }) => id === "masquerade-address");
      if (snat === undefined || !open) return wrongTranslation(snat, nat.src);
      return { expected: endpointWords(snat), found: `unknown: the address that MASQUERADE chooses${open.flag ? ` (${open.flag})` : ""}` };
    },
  ],
  [
    "out",
    (way, _, { out }, { home }) => {
      if (out === undefined) return undefined;
      const devices = way.out.map((o) => (o.netns === home ? o.interface : `${o.netns}:${o.interface}`));
      const found = list([...new Set(devices)]) || "none";
      if (out === "none") return devices.length === 0 ? undefined : { expected: out, found };
      const own = out.map((name) => (name.startsWith(`${home}:`) ? name.slice(home.length + 1) : name));
      return own.every((name) => devices.includes(name)) ? undefined : { expected: list(out), found };
    },
  ],
  ["netns", ({ at }, _, { netns }) => (netns === undefined || netns === at.netns ? undefined : { expected: netns, found: at.netns })],
  [
    "state",
    (way, _, { state }, { home }) => {
      const step = way.steps.find((one) => one.kind === "conntrack" && one.netns === home);
      const found = step?.kind === "conntrack" ? step.state : undefined;
      return state === undefined || state === found ? undefined : { expected: state, found: found ?? `not tracked in netns ${home}` };
    },
  ],
];

function wrongTranslation(wanted: ExpectedEndpoint | "none" | undefined, translation: Translation | undefined): ReturnType<Check> {
  if (wanted === undefined) return undefined;
  const to = translation && translation.to !== translation.from ? translation.to : undefined;
  const found = to ?? "none";
  const expected = endpointWords(wanted);
  if (to === undefined || wanted === "none") return to === undefined && wanted === "none" ? undefined : { expected, found };
  const { host, port } = splitEndpoint(to);
  return parseAddress(host) === wanted.address && (wanted.port ?? port) === port ? undefined : { expected, found };
}

function endpointWords(wanted: ExpectedEndpoint | "none"): string {
  if (wanted === "none") return wanted;
  return wanted.port === undefined ? formatAddress(wanted.address) : formatEndpoint(wanted.address, wanted.port);
}
