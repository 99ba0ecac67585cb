import type { ConntrackPair } from "../../grammars/conntrack.ts";
import { familyOf, parseAddress } from "../model/address.ts";
import type { Tuple } from "../model/host.ts";
import type { Reading } from "./conntrack-reading.ts";

const TUPLE_KEYS: ReadonlySet<string> = new Set(["src", "dst", "sport", "dport", "type", "code", "srckey", "dstkey"]);

type Pairs = readonly ConntrackPair[];

/** Divides what follows the header: the original direction, the reply direction, which begins with a second `src`, and the rest. */
export function splitTuples(pairs: Pairs): readonly [original: Pairs, reply: Pairs, rest: Pairs] {
  const tuples: [ConntrackPair[], ConntrackPair[]] = [[], []];
  const rest: ConntrackPair[] = [];
  let side: 0 | 1 = 0;
  let before = "";
  for (const pair of pairs) {
    const key = pair.key.text;
    if (key === "src" && tuples[0].some((other) => other.key.text === "src")) side = 1;
    // `id=` is ICMP's identifier right behind the code, and else the connection's own number (`-o id`).
    const isTuple = TUPLE_KEYS.has(key) || (key === "id" && before === "code");
    (isTuple ? tuples[side] : rest).push(pair);
    before = key;
  }
  return [tuples[0], tuples[1], rest];
}

/** Reads the addresses and ports of one direction. */
export function readTuple(reading: Reading, pairs: Pairs, protocol: number, direction: "original" | "reply"): Tuple | undefined {
  const values = new Map<string, number>();
  const address = (key: "src" | "dst") => {
    const pair = pairs.find((other) => other.key.text === key);
    if (!pair) return reading.expected(`${key}= of the ${direction} direction`, undefined);
    return parseAddress(pair.value.text) ?? reading.expected(`an address after ${key}=`, pair.value);
  };
  const src = address("src");
  if (src === undefined) return undefined;
  const dst = address("dst");
  if (dst === undefined) return undefined;
  if (familyOf(src) !== familyOf(dst))
    return reading.expected(`two addresses of one family in the ${direction} direction`, pairs[1]?.value);
  for (const pair of pairs) if (pair.key.text !== "src" && pair.key.text !== "dst") values.set(pair.key.text, reading.number(pair));

  const sport = values.get("sport") ?? values.get("srckey") ?? values.get("id");
  const dport = values.get("dport") ?? values.get("dstkey") ?? values.get("id");
  const [type, code, id] = [values.get("type"), values.get("code"), values.get("id")];
  const icmp = type !== undefined && code !== undefined && id !== undefined ? { type, code, id } : undefined;
  const ports = { ...(sport === undefined ? {} : { sport }), ...(dport === undefined ? {} : { dport }) };
  return { src, dst, protocol, ...ports, ...(icmp ? { icmp } : {}) };
}
