import { z } from "zod";
import { parseMac } from "../model/address.ts";
import type { Neighbour } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { addressText, readJsonList } from "./json.ts";

const schema = z.looseObject({
  dst: addressText,
  dev: z.string(),
  lladdr: z.string().nullish(),
  state: z.array(z.string()).nullish(),
});

/** Reads `ip -j neigh`. */
export function parseNeighbours(text: string, file: string): Parsed<Neighbour[]> {
  const { value, problems } = readJsonList(text, file, schema);
  const neighbours = value.map(({ value: { dst, dev, lladdr, state } }): Neighbour => {
    // Tunnels have an IP address in its place.
    const mac = parseMac(lladdr ?? "");
    return { address: dst, device: dev, ...(mac !== undefined && { mac }), state: state ?? [] };
  });
  return { value: neighbours, problems };
}
