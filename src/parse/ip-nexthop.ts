import { z } from "zod";
import { type AttributeLine, attributeReader } from "../../grammars/attributes.ts";
import { quote } from "../../grammars/words.ts";
import { formatAddress } from "../model/address.ts";
import type { Parsed } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { addressText, isJson, readJsonList } from "./json.ts";
import { type Report, readLines } from "./lines.ts";

/** A member of a group of nexthops. */
interface GroupMember {
  readonly id: number;
  readonly weight: number;
}

/** A nexthop object (`ip nexthop`), which routes name by its number. */
export interface NexthopObject {
  readonly id: number;
  readonly gateway?: string;
  readonly device?: string;
  readonly scope?: string;
  readonly protocol?: string;
  readonly group?: readonly GroupMember[];
  readonly type?: string;
  /** Buckets and timers of a resilient group. */
  readonly resilient?: Readonly<Record<string, number>>;
  readonly blackhole: boolean;
  /** Only for entries of a forwarding database. */
  readonly fdb: boolean;
  readonly flags: readonly string[];
}

// iproute2 ip/iproute.c, print_rt_flags.
const FLAGS = [
  "dead",
  "onlink",
  "pervasive",
  "offload",
  "trap",
  "rt_notify",
  "rt_offload",
  "rt_trap",
  "rt_offload_failed",
  "linkdown",
  "unresolved",
];
const RESILIENT = ["buckets", "idle_timer", "unbalanced_timer", "unbalanced_time"];
const EXPECTED = "an attribute of a nexthop (via, dev, scope, proto, group, type, blackhole, fdb, onlink …)";

const readLine = attributeReader(["id", "via", "dev", "scope", "proto", "group", "type", ...RESILIENT], 0, EXPECTED);

const schema = z.looseObject({
  id: z.number(),
  gateway: addressText.nullish(),
  dev: z.string().nullish(),
  scope: z.string().nullish(),
  protocol: z.string().nullish(),
  group: z.array(z.looseObject({ id: z.number(), weight: z.number().nullish() })).nullish(),
  type: z.string().nullish(),
  resilient_args: z.record(z.string(), z.number()).nullish(),
  flags: z.array(z.string()).nullish(),
});

function groupOf(attributes: Attributes): GroupMember[] | undefined {
  const word = attributes.word("group", "the numbers of nexthops");
  if (!word) return undefined;
  const members = word.text.split("/").map((member) => /^(\d+)(?:,(\d+))?$/.exec(member));
  if (members.some((member) => !member)) {
    attributes.fail(word, `expected numbers of nexthops with their weights (1,3/2) after group, found ${quote(word.text)}`);
  }
  return members.map((member) => ({ id: Number(member?.[1]), weight: Number(member?.[2] ?? 1) }));
}

function ofLine(line: AttributeLine, report: Report): NexthopObject | undefined {
  const attributes = new Attributes(line.attributes, report);
  const id = attributes.number("id");
  const [gateway, device] = [attributes.address("via"), attributes.text("dev", "a device name")];
  const [scope, protocol, type] = [attributes.text("scope"), attributes.text("proto"), attributes.text("type")];
  const group = groupOf(attributes);
  const resilient = RESILIENT.flatMap((name): [string, number][] => {
    const value = attributes.number(name);
    return value === undefined ? [] : [[name, value]];
  });
  const [blackhole, fdb] = [attributes.has("blackhole"), attributes.has("fdb")];
  const flags = FLAGS.filter((name) => attributes.has(name));
  if (id === undefined && line.attributes[0]) attributes.fail(line.attributes[0].name, "expected id and the number of a nexthop");
  if (!attributes.finish(EXPECTED) || id === undefined) return undefined;
  return {
    ...{ id, blackhole, fdb, flags },
    ...(gateway !== undefined && { gateway }),
    ...(device !== undefined && { device }),
    ...(scope !== undefined && { scope }),
    ...(protocol !== undefined && { protocol }),
    ...(group && { group }),
    ...(type !== undefined && { type }),
    ...(resilient.length > 0 && { resilient: Object.fromEntries(resilient) }),
  };
}

/** Reads `ip nexthop`, text or JSON. */
export function parseNexthops(text: string, file: string): Parsed<NexthopObject[]> {
  if (!isJson(text)) return readLines(text, file, readLine, ofLine);
  const { value, problems } = readJsonList(text, file, schema);
  const nexthops = value.map(({ value: one }): NexthopObject => {
    const { id, gateway, dev, scope, protocol, group, type, resilient_args: resilient, flags } = one;
    const listed = FLAGS.filter((name) => flags?.includes(name));
    const others = flags?.filter((name) => !FLAGS.includes(name)) ?? [];
    return {
      ...{ id, blackhole: "blackhole" in one, fdb: "fdb" in one, flags: [...listed, ...others] },
      ...(gateway !== undefined && gateway !== null && { gateway: formatAddress(gateway) }),
      ...(dev && { device: dev }),
      ...(scope && { scope }),
      ...(protocol && { protocol }),
      ...(group && { group: group.map((member) => ({ id: member.id, weight: member.weight ?? 1 })) }),
      ...(type && { type }),
      ...(resilient && { resilient }),
    };
  });
  return { value: nexthops, problems };
}
