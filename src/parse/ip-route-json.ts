import { z } from "zod";
import type { RouteLine } from "../../grammars/ip-route.ts";
import type { Attribute, Word } from "../../grammars/words.ts";
import type { Family } from "../model/address.ts";
import type { Route } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { readJsonList } from "./json.ts";
import { joinPath } from "./json-position.ts";
import { readRoute } from "./route-line.ts";

const text = z.union([z.string(), z.number()]).nullish();
const flow = z.looseObject({ from: text, to: text }).nullish();
const hop = {
  gateway: z.string().nullish(),
  via: z.looseObject({ family: z.string(), host: z.string() }).nullish(),
  dev: z.string().nullish(),
  flags: z.array(z.string()).nullish(),
  encap: z.string().nullish(),
  flow,
};
const schema = z.looseObject({
  ...hop,
  dst: z.string(),
  type: text,
  from: z.string().nullish(),
  tos: text,
  nhid: z.number().nullish(),
  table: text,
  protocol: text,
  scope: text,
  prefsrc: z.string().nullish(),
  metric: z.number().nullish(),
  expires: text,
  metrics: z.array(z.record(z.string(), text)).nullish(),
  pref: text,
  nexthops: z.array(z.looseObject({ ...hop, weight: z.number().nullish() })).nullish(),
});
type RouteJson = z.output<typeof schema>;
type HopJson = NonNullable<RouteJson["nexthops"]>[number];

/** Where the words of an object came from, by word. */
type Paths = Map<Word, string>;

class Words {
  readonly attributes: Attribute[] = [];
  private readonly paths: Paths;
  private readonly path: string;

  constructor(paths: Paths, path: string) {
    this.paths = paths;
    this.path = path;
  }

  word(value: string | number, key: string): Word {
    const word = { text: String(value), column: 0 };
    this.paths.set(word, joinPath(this.path, key));
    return word;
  }

  add(name: string, key: string, ...values: (string | number | null | undefined)[]): void {
    if (values.some((value) => value === undefined || value === null)) return;
    this.attributes.push({ name: this.word(name, key), values: values.map((value) => this.word(value ?? "", key)) });
  }
}

// In the order of iproute.c, print_route, so that the text of a route is the one that `ip route` prints.
function hopWords(words: Words, route: Pick<RouteJson, "gateway" | "via" | "dev" | "encap">): void {
  words.add("encap", "encap", route.encap);
  words.add("via", "gateway", route.gateway);
  words.add("via", "via", route.via?.family, route.via?.host);
  words.add("dev", "dev", route.dev);
}

function flagWords(words: Words, { flags, flow: realm }: Pick<RouteJson, "flags" | "flow">): void {
  for (const flag of flags ?? []) words.add(flag, "flags");
  if (realm?.from !== undefined && realm.from !== null) words.add("realms", "flow", `${realm.from}/${realm.to ?? 0}`);
  else words.add("realm", "flow", realm?.to);
}

// iproute.c, print_rta_metrics: these are times, and the text form has their unit.
const MILLISECONDS = new Set(["rtt", "rttvar", "rto_min"]);

function routeWords(route: RouteJson, paths: Paths, path: string): Extract<RouteLine, { kind: "route" }> {
  const words = new Words(paths, path);
  words.add("from", "from", route.from);
  words.add("tos", "tos", route.tos);
  words.add("nhid", "nhid", route.nhid);
  hopWords(words, route);
  words.add("table", "table", route.table);
  words.add("proto", "protocol", route.protocol);
  words.add("scope", "scope", route.scope);
  words.add("src", "prefsrc", route.prefsrc);
  words.add("metric", "metric", route.metric);
  flagWords(words, route);
  words.add("expires", "expires", route.expires && `${route.expires}sec`);
  for (const [name, value] of (route.metrics ?? []).flatMap((metrics) => Object.entries(metrics))) {
    words.add(name, "metrics", MILLISECONDS.has(name) ? `${value}ms` : value);
  }
  words.add("pref", "pref", route.pref);
  const nexthops = (route.nexthops ?? []).map((one: HopJson, index) => {
    const inner = new Words(paths, `${path}.nexthops[${index}]`);
    hopWords(inner, one);
    inner.add("weight", "weight", one.weight);
    flagWords(inner, one);
    return inner.attributes;
  });
  const type = route.type ?? undefined;
  const destination = words.word(route.dst, "dst");
  return {
    kind: "route",
    ...(type !== undefined && { type: words.word(type, "type") }),
    destination,
    attributes: words.attributes,
    nexthops,
  };
}

function written({ type, destination, attributes, nexthops }: Extract<RouteLine, { kind: "route" }>): string {
  const texts = (list: readonly Attribute[]) => list.flatMap(({ name, values }) => [name.text, ...values.map((word) => word.text)]);
  const hops = nexthops.flatMap((one) => ["nexthop", ...texts(one)]);
  return [...(type ? [type.text] : []), destination.text, ...texts(attributes), ...hops].join(" ");
}

/** Reads `ip -j route`; an object is turned into the words of the text form, so that both mean the same. */
export function readRoutesJson(input: string, file: string, fallback: Family): Parsed<Route[]> {
  const { value: elements, problems, report } = readJsonList(input, file, schema);
  const paths: Paths = new Map();
  const routes = elements.flatMap(({ value, path }) => {
    const words = routeWords(value, paths, path);
    const found = readRoute(words, { text: written(words), line: 0 }, fallback, (word, message) =>
      report(paths.get(word) ?? path, message),
    );
    return found ? [found] : [];
  });
  return { value: routes, problems };
}
