import { z } from "zod";
import { type FdbLine, readFdbLine } from "../../grammars/bridge-fdb.ts";
import { quote, shortened } from "../../grammars/words.ts";
import { parseMac } from "../model/address.ts";
import type { FdbEntry } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { unsigned } from "./iproute2-names.ts";
import { isJson, macText, readJsonList } from "./json.ts";
import { type Report, readLines } from "./lines.ts";

const schema = z.looseObject({
  mac: macText,
  ifname: z.string(),
  master: z.string().nullish(),
  vlan: z.number().nullish(),
  state: z.string().nullish(),
  flags: z.array(z.string()).nullish(),
});

const STATES = new Set(["permanent", "static", "stale", "noarp"]);

function ofLine({ mac, attributes }: FdbLine, report: Report): FdbEntry | undefined {
  const value = (name: string) => attributes.find((attribute) => attribute.name.text === name)?.values[0];
  const read = parseMac(mac.text);
  const device = value("dev");
  const vlan = value("vlan");
  const number = vlan && unsigned(vlan.text);
  if (read === undefined) report(mac, `expected an Ethernet address, found ${quote(mac.text)}`);
  else if (!device) report(mac, `expected dev and a device name after ${shortened(mac.text)}`);
  else if (vlan && number === undefined) report(vlan, `expected a VLAN's number after vlan, found ${quote(vlan.text)}`);
  else {
    const words = attributes.filter(({ values }) => values.length === 0).map(({ name }) => name.text);
    const master = value("master");
    const where = { ...(master && { master: master.text }), ...(number !== undefined && { vlan: number }) };
    const state = words.find((word) => STATES.has(word)) ?? "";
    return { mac: read, device: device.text, ...where, state, flags: words.filter((word) => !STATES.has(word)) };
  }
  return undefined;
}

/** Reads `bridge fdb`, text or JSON. */
export function parseFdb(text: string, file: string): Parsed<FdbEntry[]> {
  if (!isJson(text)) return readLines(text, file, readFdbLine, ofLine);
  const { value, problems } = readJsonList(text, file, schema);
  const entries = value.map(({ value: { mac, ifname, master, vlan, state, flags } }): FdbEntry => {
    const where = { ...(master && { master }), ...(typeof vlan === "number" && { vlan }) };
    return { mac, device: ifname, ...where, state: state ?? "", flags: flags ?? [] };
  });
  return { value: entries, problems };
}
