import { z } from "zod";
import { type AttributeLine, attributeReader } from "../../grammars/attributes.ts";
import { quote } from "../../grammars/words.ts";
import type { Parsed } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { isJson, readJsonList } from "./json.ts";
import { type Report, readLines } from "./lines.ts";

/** A device's settings of one family (`ip netconf`): on or off, or a word. */
export interface NetworkSettings {
  readonly family: string;
  /** A device, `all` or `default`. */
  readonly device: string;
  readonly settings: Readonly<Record<string, boolean | string>>;
}

const FAMILIES = ["inet", "inet6", "mpls"];
// iproute2 ip/ipnetconf.c, print_netconf2.
const SETTINGS = ["forwarding", "rp_filter", "mc_forwarding", "proxy_neigh", "ignore_routes_with_linkdown", "input"];
const EXPECTED = `a setting (${SETTINGS.join(", ")})`;

const readLine = attributeReader(SETTINGS, 2, EXPECTED);

const schema = z.looseObject({ family: z.string(), interface: z.string() });

function ofLine({ heads: [family, device], attributes: words }: AttributeLine, report: Report): NetworkSettings | undefined {
  const attributes = new Attributes(words, report);
  // Older ones write `ipv4 dev eth0`.
  const name = family?.text.replace(/^ipv4$/, "inet").replace(/^ipv6$/, "inet6") ?? "";
  const named = device?.text === "dev" ? attributes.next() : device;
  if (family && !FAMILIES.includes(name))
    attributes.fail(family, `expected a family (${FAMILIES.join(", ")}), found ${quote(family.text)}`);
  const settings = SETTINGS.flatMap((setting): [string, boolean | string][] => {
    const word = attributes.word(setting);
    if (!word) return [];
    const isSwitch = setting !== "rp_filter";
    if (isSwitch && word.text !== "on" && word.text !== "off") {
      attributes.fail(word, `expected on or off after ${setting}, found ${quote(word.text)}`);
    }
    return [[setting, isSwitch ? word.text === "on" : word.text]];
  });
  if (!attributes.finish(EXPECTED) || !named) return undefined;
  return { family: name, device: named.text, settings: Object.fromEntries(settings) };
}

/** Reads `ip netconf`, text or JSON. */
export function parseNetconf(text: string, file: string): Parsed<NetworkSettings[]> {
  if (!isJson(text)) return readLines(text, file, readLine, ofLine);
  const { value, problems } = readJsonList(text, file, schema);
  const list = value.map(({ value: one }): NetworkSettings => {
    const settings = SETTINGS.flatMap((name): [string, boolean | string][] => {
      const found = one[name];
      return typeof found === "boolean" || typeof found === "string" ? [[name, found]] : [];
    });
    return { family: one.family, device: one.interface, settings: Object.fromEntries(settings) };
  });
  return { value: list, problems };
}
