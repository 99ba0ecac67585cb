import { z } from "zod";
import type { FdbEntry } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { macText, readJsonList } from "./json.ts";

const schema = z.looseObject({
  mac: macText,
  ifname: z.string(),
  master: z.string().nullish(),
  vlan: z.number().nullish(),
  state: z.string().nullish(),
  flags: z.array(z.string()).nullish(),
});

/** Reads `bridge -j fdb`. */
export function parseFdb(text: string, file: string): Parsed<FdbEntry[]> {
  const { value, problems } = readJsonList(text, file, schema);
  const entries = value.map(({ value: { mac, ifname, master, vlan, state, flags } }): FdbEntry => {
    const where = { ...(master && { master }), ...(typeof vlan === "number" && { vlan }) };
    return { mac, device: ifname, ...where, state: state ?? "", flags: flags ?? [] };
  });
  return { value: entries, problems };
}
