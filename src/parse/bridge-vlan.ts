import { z } from "zod";
import { attributeReader } from "../../grammars/attributes.ts";
import { quote, type Word } from "../../grammars/words.ts";
import type { BridgeVlan } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { isJson, readJsonList } from "./json.ts";
import { linesRead } from "./lines.ts";

const schema = z.looseObject({
  ifname: z.string(),
  vlans: z.array(z.looseObject({ vlan: z.number(), vlanEnd: z.number().nullish(), flags: z.array(z.string()).nullish() })).nullish(),
});

const EXPECTED = "PVID or Egress Untagged";
const readWords = attributeReader([], 0, EXPECTED);
// `-d` and `-s` put these below a VLAN (iproute2 bridge/vlan.c, print_vlan_opts and print_one_vlan_stats).
const BELOW = /^\s+(?:state|mcast_router|neigh_suppress|RX:|TX:)\s/;

/** The VLANs of a line: `10`, `20-29`. */
function rangeOf(word: Word, attributes: Attributes): readonly [number, number] | undefined {
  const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(word.text) ?? [];
  if (first !== undefined) return [Number(first), Number(last)];
  attributes.fail(word, `expected a VLAN (10) or several (20-29), found ${quote(word.text)}`);
  return undefined;
}

function readText(text: string, file: string): Parsed<BridgeVlan[]> {
  const vlans: BridgeVlan[] = [];
  const problems: Problem[] = [];
  let device: string | undefined;
  for (const { line, words, report } of linesRead(text, file, readWords, problems)) {
    if (/^port\s+vlan[- ]ids?\b/.test(line.text) || BELOW.test(line.text)) continue;
    const attributes = new Attributes(words.attributes, report);
    const first = attributes.next();
    const named = !/^\s/.test(line.text);
    if (named) device = first?.text;
    const word = named ? attributes.next() : first;
    // Older ones write `None` where a port has no VLAN, or nothing.
    if (!word || word.text === "None") continue;
    if (device === undefined) attributes.fail(word, `expected a port before its VLANs, found ${quote(word.text)}`);
    const range = rangeOf(word, attributes);
    const pvid = attributes.has("PVID");
    const egress = attributes.has("Egress");
    const untagged = attributes.has("Untagged");
    if (!attributes.finish(EXPECTED) || device === undefined || !range) continue;
    vlans.push({ device, first: range[0], last: range[1], pvid, untagged: egress && untagged });
  }
  return { value: vlans, problems };
}

/** Reads `bridge vlan`, text or JSON. */
export function parseBridgeVlans(text: string, file: string): Parsed<BridgeVlan[]> {
  if (!isJson(text)) return readText(text, file);
  const { value, problems } = readJsonList(text, file, schema);
  const vlans = value.flatMap(({ value: { ifname, vlans: list } }) =>
    (list ?? []).map(({ vlan, vlanEnd, flags }) => ({
      device: ifname,
      first: vlan,
      last: vlanEnd ?? vlan,
      pvid: flags?.includes("PVID") ?? false,
      untagged: flags?.includes("Egress Untagged") ?? false,
    })),
  );
  return { value: vlans, problems };
}
