import { type AddressMask, formatAddress, maskLength } from "../../model/address.ts";
import type { Negatable } from "../../model/rule.ts";
import { factWords, unlessAssumed } from "../assumption.ts";
import { choice, FLAG, hexNumber, number, parseAddressMask, saveAddressMask, word } from "../codecs.ts";
import { type Draw, not } from "../draw.ts";
import { parseProtocol } from "../protocols.ts";
import { type Args, type Given, type MatchResult, match, type PacketContext } from "../spec.ts";

const MOST = 4;
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [50, "esp"],
  [51, "ah"],
  [108, "ipcomp"],
]);

const PROTOCOL = word<string>(
  "ah, esp or ipcomp",
  (text) => PROTOCOLS.get(parseProtocol(text) ?? -1),
  (name) => name,
);

/** A tunnel's end; iptables prints no mask that is not a length. */
const END = word<AddressMask>("an address, or address/mask", parseAddressMask, ({ address, mask }) =>
  maskLength(mask) === undefined ? formatAddress(address) : saveAddressMask({ address, mask }),
);

const many = { negatable: true, many: true } as const;

const options = {
  direction: { flag: "--dir", codec: choice(["in", "out"]), required: true },
  policy: { flag: "--pol", codec: choice(["none", "ipsec"]), required: true },
  strict: { flag: "--strict", codec: FLAG },
  reqid: { flag: "--reqid", codec: number(0, 0xffffffff), ...many },
  spi: { flag: "--spi", codec: hexNumber(0xffffffff, 1), ...many },
  protocol: { flag: "--proto", codec: PROTOCOL, ...many },
  mode: { flag: "--mode", codec: choice(["tunnel", "transport"]), ...many },
  tunnelDst: { flag: "--tunnel-dst", codec: END, ...many },
  tunnelSrc: { flag: "--tunnel-src", codec: END, ...many },
  next: { flag: "--next", codec: FLAG, many: true },
} as const;

type PolicyArgs = Args<typeof options>;
const PARTS = ["reqid", "spi", "protocol", "mode", "tunnelDst", "tunnelSrc"] as const;

/** What is asked of one transformation. */
type Element = ReadonlyMap<(typeof PARTS)[number], Given<unknown>>;

/** The elements that --next parts; undefined where one says the same thing twice. */
function elementsOf(args: PolicyArgs): readonly Element[] | undefined {
  const ends = [...(args.next?.value ?? []).map(({ order }) => order), Number.POSITIVE_INFINITY];
  const elements = ends.map(() => new Map<(typeof PARTS)[number], Given<unknown>>());
  for (const part of PARTS) {
    for (const given of (args[part]?.value ?? []) as readonly Given<unknown>[]) {
      const element = elements[ends.findIndex((end) => given.order < end)];
      if (element?.has(part)) return undefined;
      element?.set(part, given);
    }
  }
  return elements;
}

function check(args: PolicyArgs): string | undefined {
  const elements = elementsOf(args);
  if (!elements) return "an option is given twice for one element: --next begins another one";
  if (elements.length > MOST) return `at most ${MOST} elements are possible`;
  if (args.policy?.value === "none") return args.strict ? "--strict needs --pol ipsec" : undefined;
  if (!args.strict) return elements.length > 1 ? "--next needs --strict" : tunnelFault(elements);
  return elements.some((element) => element.size === 0) ? "--strict needs something in each element" : tunnelFault(elements);
}

function tunnelFault(elements: readonly Element[]): string | undefined {
  const wrong = elements.some((element) => {
    const mode = element.get("mode");
    return (element.has("tunnelSrc") || element.has("tunnelDst")) && (mode?.value !== "tunnel" || mode.not);
  });
  return wrong ? "--tunnel-src and --tunnel-dst need --mode tunnel" : undefined;
}

interface Word {
  readonly flag: string;
  readonly value: string;
  readonly not: boolean;
}

/** All words in their order; an element's own in that of the options. */
function printed(args: PolicyArgs): readonly Word[] {
  const plain = (key: "direction" | "policy"): Word => ({ flag: options[key].flag, value: String(args[key]?.value ?? ""), not: false });
  const words = [plain("direction"), plain("policy")];
  if (args.policy?.value === "none") return words;
  if (args.strict) words.push({ flag: "--strict", value: "", not: false });
  for (const [i, element] of (elementsOf(args) ?? []).entries()) {
    if (i > 0) words.push({ flag: "--next", value: "", not: false });
    for (const part of PARTS) {
      const given = element.get(part);
      if (given) words.push({ flag: options[part].flag, value: options[part].codec.save(given.value as never), not: given.not });
    }
  }
  return words;
}

/** xt_policy.c, policy_mt: a packet that no transformation was or will be applied to matches "none", and nothing else. */
function policyMatch(policy: Negatable<string> | undefined, context: PacketContext): MatchResult {
  return unlessAssumed(context, "ipsec", () => policy?.value === "none");
}

function words(args: PolicyArgs): string {
  const way = args.direction?.value === "in" ? "came in" : "goes out";
  if (args.policy?.value === "none") return `${way} without IPsec`;
  const parts = printed(args)
    .slice(2)
    .map(({ flag, value, not }) => `${not ? "! " : ""}${flag}${value === "" ? "" : ` ${value}`}`);
  return `${way} with IPsec${parts.length > 0 ? ` (${parts.join(" ")})` : ""}`;
}

// What IPsec did to a packet is not part of a capture: few rules should ask for it.
function drawPolicy(d: Draw): string | undefined {
  const inward = d.hooks.every((hook) => hook === "PREROUTING" || hook === "INPUT" || hook === "FORWARD");
  const outward = d.hooks.every((hook) => hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING");
  if (!d.chance(30) || (!inward && !outward)) return undefined;
  const direction = inward && (!outward || d.chance(2)) ? "in" : "out";
  if (d.chance(2)) return `-m policy --dir ${direction} --pol none`;
  return `-m policy --dir ${direction} --pol ipsec${d.pick(["", ` ${not(d)}--reqid 1`, ` ${not(d)}--proto esp`, " --strict --reqid 1 --next --reqid 2"])}`;
}

const policy = match({
  name: "policy",
  options,
  check,
  printed,
  explain: words,
  compile: (args) => (context) => policyMatch(args.policy, context),
  draw: drawPolicy,
  forks: factWords("ipsec"),
  doc: "What IPsec did to the packet, or will do; a capture does not show it.",
  examples: [
    { rule: "-m policy --dir in --pol none", says: "came in without IPsec" },
    {
      rule: "-m policy --dir out --pol ipsec ! --spi 16 --reqid 5",
      saved: "-m policy --dir out --pol ipsec --reqid 5 ! --spi 0x10",
      says: "goes out with IPsec (--reqid 5 ! --spi 0x10)",
    },
    {
      rule: "-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-src 10.0.0.0/8 --proto 50 --next --reqid 2",
      saved: "-m policy --dir in --pol ipsec --strict --proto esp --mode tunnel --tunnel-src 10.0.0.0/8 --next --reqid 2",
      says: "came in with IPsec (--strict --proto esp --mode tunnel --tunnel-src 10.0.0.0/8 --next --reqid 2)",
    },
  ],
});

export const specs = [policy];
