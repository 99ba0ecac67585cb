import { z } from "zod";
import { type NeighbourLine, readNeighbourLine } from "../../grammars/ip-neigh.ts";
import { quote, shortened } from "../../grammars/words.ts";
import { parseAddress, parseMac } from "../model/address.ts";
import type { Neighbour } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { addressText, isJson, readJsonList } from "./json.ts";
import { type Report, readLines } from "./lines.ts";

const schema = z.looseObject({
  dst: addressText,
  dev: z.string(),
  lladdr: z.string().nullish(),
  state: z.array(z.string()).nullish(),
});

// Tunnels have an IP address in the place of an Ethernet one.
function neighbour(address: Neighbour["address"], device: string, lladdr: string | null | undefined, state: readonly string[]): Neighbour {
  const mac = parseMac(lladdr ?? "");
  return { address, device, ...(mac !== undefined && { mac }), state };
}

function ofLine({ address, attributes, states }: NeighbourLine, report: Report): Neighbour | undefined {
  const value = (name: string) => attributes.find((attribute) => attribute.name.text === name)?.values[0]?.text;
  const read = parseAddress(address.text);
  const device = value("dev");
  if (read === undefined) report(address, `expected an address, found ${quote(address.text)}`);
  else if (device === undefined) report(address, `expected dev and a device name after ${shortened(address.text)}`);
  else {
    const state = states.map(({ text }) => text);
    return neighbour(read, device, value("lladdr"), state);
  }
  return undefined;
}

/** Reads `ip neigh`, text or JSON, with `-s` or without. */
export function parseNeighbours(text: string, file: string): Parsed<Neighbour[]> {
  if (!isJson(text)) return readLines(text, file, readNeighbourLine, ofLine);
  const { value, problems } = readJsonList(text, file, schema);
  return { value: value.map(({ value: { dst, dev, lladdr, state } }) => neighbour(dst, dev, lladdr, state ?? [])), problems };
}
