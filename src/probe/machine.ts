import type { Family } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import { type HostInputs, overrideHost } from "../parse/host.ts";
import { parseLinks } from "../parse/ip-link.ts";
import { parseRoutesByFamily } from "../parse/ip-route.ts";

/** The words of a command before and after those of a packet. */
export interface Around {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * What packets are sent through: a namespace of a host, of which more may be taken for granted than is known. Facts are lines of `ip route`
 * or of `ip addr`; a snapshot has its own.
 */
export interface Machine {
  readonly netns: string;
  host(facts: readonly string[]): Host;
  /** The words that make `nettrace packet` look at the same host; facts come from standard input, within quotes. */
  words(facts: readonly string[], quote?: "'" | '"'): Around;
}

/** The machine that some words of a command name: flags and paths, not quoted yet. */
export function machineOfWords(host: Host, netns: string, words: readonly string[], family: Family): Machine {
  const after = words.map(quoted);
  if (words.includes("--snapshot")) return { netns, host: () => host, words: () => ({ before: [], after }) };
  const known = new Map<string, Host>([["", host]]);
  return {
    netns,
    host(facts) {
      const text = facts.map((line) => `${line}\n`).join("");
      const found = known.get(text) ?? overrideHost(host, { addressesKnown: false, ...readFacts(text, family) }, netns);
      known.set(text, found);
      return found;
    },
    words(facts, quote = "'") {
      const [first] = facts;
      if (first === undefined) return { before: [], after };
      const said = facts.length === 1 ? ["echo", `${quote}${first}${quote}`] : ["printf", `${quote}${facts.join("\\n")}\\n${quote}`];
      return { before: [...said, "|"], after: [...after, showsLinks(first) ? "--links" : "--routes", "-"] };
    },
  };
}

function showsLinks(text: string): boolean {
  return /^\d+: /.test(text);
}

function readFacts(text: string, family: Family): Partial<HostInputs> {
  if (showsLinks(text)) return { devices: parseLinks(text, "-").value, addressesKnown: true };
  const { value } = parseRoutesByFamily(text, "-", family);
  return family === 4 ? { routes: value.four } : { routes6: value.six };
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
