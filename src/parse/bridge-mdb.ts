import { z } from "zod";
import { type AttributeLine, attributeReader } from "../../grammars/attributes.ts";
import { quote } from "../../grammars/words.ts";
import { formatAddress, formatMac, parseAddress, parseMac } from "../model/address.ts";
import type { Parsed } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { isJson, readJsonList } from "./json.ts";
import { type Report, readLines } from "./lines.ts";

/** A group that a bridge sends to one of its ports, or takes itself (`bridge mdb`). */
export interface MulticastEntry {
  readonly bridge: string;
  readonly port: string;
  readonly group: string;
  readonly source?: string;
  readonly vlan?: number;
  /** "permanent" or "temp" */
  readonly state: string;
  readonly protocol?: string;
  readonly filterMode?: string;
  readonly flags: readonly string[];
}

const STATES = ["permanent", "temp"];
const FLAGS = ["offload", "fast_leave", "added_by_star_ex", "blocked"];
const EXPECTED = "an attribute of a group (dev, port, grp, src, vid, permanent, temp, proto, filter_mode …)";

const readLine = attributeReader(["dev", "port", "grp", "src", "vid", "proto", "filter_mode", "source_list", "timer"], 0, EXPECTED);

const entrySchema = z.looseObject({
  dev: z.string(),
  port: z.string(),
  grp: z.string(),
  src: z.string().nullish(),
  vid: z.number().nullish(),
  state: z.string(),
  protocol: z.string().nullish(),
  filter_mode: z.string().nullish(),
  flags: z.array(z.string()).nullish(),
});
const schema = z.looseObject({ mdb: z.array(entrySchema).nullish() });

/** A group's or a sender's address, of whichever kind, as it is usually written. */
function written(text: string): string | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return formatAddress(address);
  const mac = parseMac(text);
  return mac === undefined ? undefined : formatMac(mac);
}

function ofLine(line: AttributeLine, report: Report): MulticastEntry | undefined {
  const attributes = new Attributes(line.attributes, report);
  const [first] = line.attributes;
  const need = (name: string, what: string) => {
    const word = attributes.word(name, what);
    if (!word && first && !attributes.failed) attributes.fail(first.name, `expected ${name} and ${what} in the line`);
    return word;
  };
  const [bridge, port] = [need("dev", "a bridge"), need("port", "a port")];
  const group = need("grp", "a group's address");
  const [grp, src] = [group && written(group.text), attributes.address("src")];
  if (group && grp === undefined) attributes.fail(group, `expected a group's address after grp, found ${quote(group.text)}`);
  const vlan = attributes.number("vid");
  const state = STATES.find((name) => attributes.has(name));
  const [protocol, filterMode] = [attributes.text("proto"), attributes.text("filter_mode")];
  // How long a source goes on is no state of the group.
  attributes.word("source_list");
  attributes.word("timer");
  const flags = FLAGS.filter((name) => attributes.has(name));
  if (!attributes.finish(EXPECTED) || !bridge || !port || grp === undefined) return undefined;
  return {
    ...{ bridge: bridge.text, port: port.text, group: grp, state: state ?? "", flags },
    ...(src !== undefined && { source: src }),
    ...(vlan !== undefined && { vlan }),
    ...(protocol !== undefined && { protocol }),
    ...(filterMode !== undefined && { filterMode }),
  };
}

/** Reads `bridge mdb`, text or JSON. */
export function parseMulticastEntries(text: string, file: string): Parsed<MulticastEntry[]> {
  if (!isJson(text)) return readLines(text, file, readLine, ofLine);
  const { value, problems, report } = readJsonList(text, file, schema);
  const entries = value.flatMap(({ value: { mdb }, path }) =>
    (mdb ?? []).flatMap((one, index): MulticastEntry[] => {
      const [group, source] = [written(one.grp), one.src ? written(one.src) : undefined];
      if (group === undefined) {
        report(`${path}.mdb[${index}].grp`, `expected a group's address, found ${quote(one.grp)}`);
        return [];
      }
      return [
        {
          ...{ bridge: one.dev, port: one.port, group, state: one.state, flags: FLAGS.filter((name) => one.flags?.includes(name)) },
          ...(source !== undefined && { source }),
          ...(typeof one.vid === "number" && { vlan: one.vid }),
          ...(one.protocol && { protocol: one.protocol }),
          ...(one.filter_mode && { filterMode: one.filter_mode }),
        },
      ];
    }),
  );
  return { value: entries, problems };
}
