import type { SaveWord } from "../../grammars/iptables-save.ts";
import type { AddressMask } from "../model/address.ts";
import { protocolNumber } from "../model/protocol-names.ts";
import type { Negatable } from "../model/rule.ts";
import { expectedAddress, parseAddressMask } from "./rule-address.ts";
import type { RuleCache } from "./rule-cache.ts";
import type { RuleState } from "./rule-state.ts";

/** Characters of the longest name of a device (IFNAMSIZ). */
export const LONGEST_INTERFACE = 15;

// Before iptables 1.4.3 `!` stood behind the flag.
function innerBang({ words }: RuleState, bang: boolean): boolean {
  if (words.next?.text !== "!") return bang;
  const word = words.take();
  if (bang && word) words.report(word, "! is given twice");
  return true;
}

/** `-s` and `-d`. */
export function readAddresses(state: RuleState, flag: SaveWord, bang: boolean, side: "sources" | "destinations") {
  const { words, scope } = state;
  if (state[side]) return words.report(flag, `${flag.text} is given twice`);
  const not = innerBang(state, bang);
  const word = words.need(expectedAddress(scope.family), flag);
  if (!word) return;
  const value = parseAddressMask(word.text, scope.family);
  state[side] = value ? [negatable(value, not)] : severalAddresses(state, flag, word, not);
}

/** An address as a rule has it: a network that holds everything says nothing. */
export function negatable(value: AddressMask, not: boolean): Negatable<AddressMask> | undefined {
  return !not && (value.mask === 0 || value.mask === 0n) ? undefined : { value, not };
}

function severalAddresses({ words, scope }: RuleState, flag: SaveWord, word: SaveWord, not: boolean) {
  const found: (Negatable<AddressMask> | undefined)[] = [];
  const verbatim = word.end - word.start === word.text.length;
  let offset = 0;
  for (const text of word.text.split(",")) {
    const start = verbatim ? word.start + offset : word.start;
    offset += text.length + 1;
    const value = parseAddressMask(text, scope.family);
    if (value) found.push(negatable(value, not));
    else
      words.expected(`${expectedAddress(scope.family)} after ${flag.text}`, {
        text,
        start,
        end: verbatim ? start + text.length : word.end,
      });
  }
  if (not && found.length > 1) words.report(word, `! is not possible with several addresses after ${flag.text}`);
  return found;
}

/** The one protocol that `-p` with this word is for, if it is for one; the same value for the same word. */
export function protocolOf(text: string, cache: RuleCache): Negatable<number> | undefined {
  const known = cache.protocols.get(text);
  if (known) return known;
  const value = text.toLowerCase() === "all" ? 0 : protocolNumber(text);
  return value ? cache.protocols.set(text, { value, not: false }) : undefined;
}

/** `-p`. */
export function readProtocol(state: RuleState, flag: SaveWord, bang: boolean) {
  const { words, scope } = state;
  const not = innerBang(state, bang);
  const word = words.need("a protocol", flag);
  if (!word) return;
  if (state.protocol) return words.report(flag, `${flag.text} is given twice`);
  const known = not ? undefined : protocolOf(word.text, scope.cache);
  if (known) {
    state.protocol = known;
    return;
  }
  const value = word.text.toLowerCase() === "all" ? 0 : protocolNumber(word.text);
  if (value === undefined) return words.expected(`a protocol's name or its number from 0 to 255 after ${flag.text}`, word);
  if (value !== 0) state.protocol = { value, not };
  else if (not) words.report(word, "a rule for no protocol at all would never match");
}

/** Whether a rule of a chain may name a device that packets come from or go to (iptables xshared.c, generic_opt_check). */
export function mayNameDevice(chain: string, side: "inInterface" | "outInterface"): boolean {
  return !IMPOSSIBLE[side].some((name) => name === chain);
}

const IMPOSSIBLE = { inInterface: ["OUTPUT", "POSTROUTING"], outInterface: ["PREROUTING", "INPUT"] } as const;

/** `-i` and `-o`. */
export function readInterface(state: RuleState, flag: SaveWord, bang: boolean, side: "inInterface" | "outInterface") {
  const { words, scope } = state;
  const not = innerBang(state, bang);
  const word = words.need("an interface", flag);
  if (!word) return;
  if (state[side]) return words.report(flag, `${flag.text} is given twice`);
  if (word.text === "" || word.text.length > LONGEST_INTERFACE) {
    return words.expected(`an interface name of 1 to ${LONGEST_INTERFACE} characters after ${flag.text}`, word);
  }
  if (!mayNameDevice(scope.chain, side)) return words.report(flag, `${flag.text} is not possible in ${scope.chain}`, undefined, "place");
  if (not || word.text !== "+") state[side] = { value: word.text, not };
}

/** `-f`. */
export function readFragment(state: RuleState, flag: SaveWord, not: boolean) {
  if (state.scope.family === 6) return state.words.report(flag, `${flag.text} is for IPv4 only`, "for IPv6 there is -m frag");
  if (state.fragment) return state.words.report(flag, `${flag.text} is given twice`);
  state.fragment = { value: true, not };
}

/** `-c 1 60` or `-c 1,60`. */
export function readCounters(state: RuleState, flag: SaveWord) {
  const { words } = state;
  const first = words.need("a number of packets and a number of bytes", flag);
  if (!first) return;
  const [packets = "", inner] = first.text.split(",");
  const second = inner === undefined ? words.need("a number of packets and a number of bytes", flag) : first;
  if (!second) return;
  const bytes = inner ?? second.text;
  const at = { text: inner === undefined ? `${packets} ${bytes}` : first.text, start: first.start, end: second.end };
  if (!/^\d+$/.test(packets) || !/^\d+$/.test(bytes)) return words.expected(`packets and bytes after ${flag.text}`, at);
  state.counters = { packets: Number(packets), bytes: Number(bytes) };
  state.countersAt = { start: flag.start, end: second.end };
}
