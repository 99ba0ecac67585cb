import { z } from "zod";
import type { BridgeVlan } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { readJsonList } from "./json.ts";

const schema = z.looseObject({
  ifname: z.string(),
  vlans: z.array(z.looseObject({ vlan: z.number(), vlanEnd: z.number().nullish(), flags: z.array(z.string()).nullish() })).nullish(),
});

/** Reads `bridge -j vlan`. */
export function parseBridgeVlans(text: string, file: string): Parsed<BridgeVlan[]> {
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
