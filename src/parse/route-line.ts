import type { RouteLine } from "../../grammars/ip-route.ts";
import { type Attribute, quote, type Word } from "../../grammars/words.ts";
import { type Address, type Family, familyOf, type Prefix, parseAddress, parsePrefix } from "../model/address.ts";
import type { Nexthop, Route, RouteType } from "../model/host.ts";
import type { Mutable } from "../model/mutable.ts";
import { dsField, routeProtocolName, scopeName, tableName, unsigned } from "./iproute2-names.ts";
import type { Report } from "./lines.ts";

type RouteWords = Extract<RouteLine, { kind: "route" }>;
type Hops = RouteWords["nexthops"];

/** rtnetlink.h, RTN_UNICAST and following, as `ip -N` prints them. */
const TYPES: readonly RouteType[] = [
  ...(["unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat"] as const),
];

const FLAGS = new Set([
  ...["onlink", "linkdown", "dead", "pervasive", "offload", "offload_failed", "trap", "notify", "unresolved", "cache", "cloned"],
  ...["rt_offload", "rt_trap", "rt_offload_failed", "redirected"],
]);

// These say how a socket sends or how long a route lives, never where a packet goes.
const INERT = new Set([
  ...["window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss", "reordering", "initcwnd", "features", "rto_min", "initrwnd", "quickack"],
  ...["congctl", "fastopen_no_cookie", "tcp_usec_ts", "expires", "error", "age", "users", "used"],
]);

const lastWord = (attribute: Attribute): Word => attribute.values.at(-1) ?? attribute.name;

function addressOf(attribute: Attribute, report: Report): Address | undefined {
  const word = lastWord(attribute);
  const address = parseAddress(word.text);
  if (address === undefined) report(word, `expected an address after ${attribute.name.text}, found ${quote(word.text)}`);
  return address;
}

function numberOf(attribute: Attribute, report: Report): number | undefined {
  const word = lastWord(attribute);
  const value = unsigned(word.text);
  if (value === undefined) report(word, `expected a number after ${attribute.name.text}, found ${quote(word.text)}`);
  return value;
}

/** The family of a route: `default` alone does not say it, its gateway, source or IPv6 preference does. */
function routeFamily(route: RouteWords, fallback: Family): Family {
  const destination = parsePrefix(route.destination.text);
  if (destination) return familyOf(destination.address);
  for (const { name, values } of [route.attributes, ...route.nexthops].flat()) {
    if (name.text === "pref") return 6;
    // `via inet6` is what an IPv4 route with an IPv6 gateway says (RFC 5549).
    if (name.text === "via" && values.length === 2) return values[0]?.text === "inet6" ? 4 : 6;
    const address = name.text === "via" || name.text === "src" ? parseAddress(values[0]?.text ?? "") : undefined;
    if (address !== undefined) return familyOf(address);
  }
  return fallback;
}

function destinationOf({ text }: Word, family: Family): Prefix | undefined {
  return text === "default" ? { address: family === 4 ? 0 : 0n, length: 0 } : parsePrefix(text);
}

interface Hop {
  via?: Address;
  device?: string;
  weight?: number;
  flags: string[];
}

/** Takes an attribute that is a nexthop's own; false when it is not. */
function takeHop(hop: Hop, attribute: Attribute, report: Report): boolean {
  const name = attribute.name.text;
  if (name === "via") {
    const via = addressOf(attribute, report);
    if (via !== undefined) hop.via = via;
  } else if (name === "dev") hop.device = lastWord(attribute).text;
  else if (name === "weight") {
    const weight = numberOf(attribute, report);
    if (weight !== undefined) hop.weight = weight;
  } else if (FLAGS.has(name)) hop.flags.push(name);
  else return false;
  return true;
}

const nexthop = ({ weight, ...rest }: Hop): Nexthop => ({ weight: weight ?? 1, ...rest });

/** The nexthops of a multipath route; what is not modelled goes to `unmodelled`. */
export function readNexthops(hops: Hops, unmodelled: string[], report: Report): Nexthop[] {
  return hops.map((attributes) => {
    const hop: Hop = { flags: [] };
    for (const attribute of attributes) {
      if (!takeHop(hop, attribute, report)) unmodelled.push(attribute.name.text, ...attribute.values.map((word) => word.text));
    }
    return nexthop(hop);
  });
}

type Draft = Partial<Mutable<Route>>;

function takeRealm(route: Draft, attribute: Attribute): boolean {
  const match = /^(?:(\d+)\/)?(\d+)$/.exec(lastWord(attribute).text);
  if (!match) return false;
  route.realm = Number(match[2]);
  return match[1] === undefined;
}

/** Takes an attribute of the route as a whole; false when it is not modelled. */
function takeAttribute(route: Draft, attribute: Attribute, report: Report): boolean {
  const text = lastWord(attribute).text;
  const name = attribute.name.text;
  switch (name) {
    case "table":
      route.table = tableName(text);
      return true;
    case "proto":
    case "protocol":
      route.protocol = routeProtocolName(text);
      return true;
    case "scope":
      route.scope = scopeName(text);
      return true;
    case "src": {
      const source = addressOf(attribute, report);
      if (source !== undefined) route.source = source;
      return true;
    }
    case "from": {
      const from = parsePrefix(text);
      if (from === undefined) report(lastWord(attribute), `expected an address or a prefix after from, found "${text}"`);
      else route.from = from;
      return true;
    }
    case "pref":
      if (text === "low" || text === "high") route.preference = text;
      return true;
    case "tos":
    case "dsfield": {
      const tos = dsField(text);
      if (tos === undefined) report(lastWord(attribute), `expected a type of service (0x10) after ${name}, found ${quote(text)}`);
      else route.tos = tos;
      return true;
    }
    case "metric":
    case "preference":
    case "mtu":
    case "nhid": {
      const key = name === "nhid" ? "nexthopId" : name === "mtu" ? "mtu" : "metric";
      const value = numberOf(attribute, report);
      if (value !== undefined) route[key] = value;
      return true;
    }
    case "realm":
    case "realms":
      return takeRealm(route, attribute);
    default:
      return INERT.has(name);
  }
}

/** What a line of `ip route` means; undefined, with a report, when its type or destination is not one. */
export function readRoute(words: RouteWords, place: { text: string; line: number }, fallback: Family, report: Report): Route | undefined {
  const typeText = words.type?.text ?? "unicast";
  const type = TYPES.find((name, index) => typeText === name || typeText === String(index + 1));
  if (type === undefined) {
    report(words.type ?? words.destination, `expected a type of route, found ${quote(typeText)}`);
    return undefined;
  }
  const family = routeFamily(words, fallback);
  const destination = destinationOf(words.destination, family);
  if (!destination) {
    report(words.destination, `expected a prefix, an address or "default", found ${quote(words.destination.text)}`);
    return undefined;
  }
  const draft: Draft = {};
  const hop: Hop = { flags: [] };
  const unmodelled: string[] = [];
  for (const attribute of words.attributes) {
    if (takeHop(hop, attribute, report) || takeAttribute(draft, attribute, report)) continue;
    unmodelled.push(attribute.name.text, ...attribute.values.map((word) => word.text));
  }
  const several = readNexthops(words.nexthops, unmodelled, report).map((one) => ({ ...one, flags: [...hop.flags, ...one.flags] }));
  const single = hop.via !== undefined || hop.device !== undefined ? [nexthop(hop)] : [];
  return {
    type,
    destination,
    table: "main",
    nexthops: several.length > 0 ? several : single,
    metric: 0,
    tos: 0,
    ...draft,
    text: place.text,
    line: place.line,
    ...(unmodelled.length > 0 && { unmodelled }),
  };
}
