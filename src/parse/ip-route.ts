import { readRouteLine } from "../../grammars/ip-route.ts";
import type { Word } from "../../grammars/words.ts";
import { type Family, familyOf } from "../model/address.ts";
import type { Nexthop, Route } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { readRoutesJson } from "./ip-route-json.ts";
import { lineProblem, type Report, type SourceLine, significantLines } from "./lines.ts";
import { readNexthops, readRoute } from "./route-line.ts";
import { isRouteTable, readRouteTable } from "./route-n.ts";

/** Routes of both families; `ip route show table all` lists them together. */
export interface RoutesByFamily {
  readonly four: readonly Route[];
  readonly six: readonly Route[];
}

const squeeze = (text: string) => text.trim().replace(/\s+/g, " ");

/** A route while its nexthops are read, which follow it line by line. */
interface Draft {
  readonly route: Route;
  readonly texts: string[];
  readonly nexthops: Nexthop[];
  readonly unmodelled: string[];
}

function draftOf(route: Route): Draft {
  return { route, texts: [route.text], nexthops: [...route.nexthops], unmodelled: [...(route.unmodelled ?? [])] };
}

function finished({ route, texts, nexthops, unmodelled }: Draft): Route {
  return { ...route, nexthops, text: texts.join(" "), ...(unmodelled.length > 0 && { unmodelled }) };
}

function readRoutesText(text: string, file: string, fallback: Family): Parsed<Route[]> {
  const drafts: Draft[] = [];
  const problems: Problem[] = [];
  // Nexthops below a route that could not be read belong to nothing, and that is not their fault.
  let open = false;
  let seen = false;
  for (const line of significantLines(text, file, problems)) {
    const report = reporter(file, line, problems);
    const { value, faults } = readRouteLine(line.text);
    for (const fault of faults) problems.push(lineProblem(file, line, fault));
    if (value?.kind === "nexthops") {
      const last = drafts.at(-1);
      if (open && last) {
        for (const hop of readNexthops(value.nexthops, last.unmodelled, report)) last.nexthops.push(hop);
        last.texts.push(squeeze(line.text));
      } else if (!seen)
        problems.push(lineProblem(file, line, { message: "expected a route before its nexthops", column: 1, span: line.text.length }));
    } else if (value?.kind === "route") {
      const route = readRoute(value, { text: squeeze(line.text), line: line.line }, fallback, report);
      if (route) drafts.push(draftOf(route));
      open = route !== undefined;
    } else if (!value) open = false;
    seen = true;
  }
  return { value: drafts.map(finished), problems };
}

function reporter(file: string, line: SourceLine, problems: Problem[]): Report {
  return (word: Word, message: string) => {
    problems.push(lineProblem(file, line, { message, column: word.column, span: word.text.length }));
  };
}

// `ip route` resolves nexthop objects; where it does not, only `ip nexthop` knows where such a route leads.
function withUnresolved(route: Route): Route {
  if (route.nexthopId === undefined || route.nexthops.length > 0) return route;
  return { ...route, unmodelled: [...(route.unmodelled ?? []), "nhid", String(route.nexthopId)] };
}

/** Reads `ip route` (text or JSON), `route -n` or `netstat -rn`; `fallback` is the family of routes that do not say theirs. */
export function parseRoutesByFamily(text: string, file: string, fallback: Family): Parsed<RoutesByFamily> {
  const read = /^\s*[[{]/.test(text) ? readRoutesJson : isRouteTable(text) ? readRouteTable : readRoutesText;
  const { value: routes, problems } = read(text, file, fallback);
  const value = routes.map(withUnresolved);
  const four = value.filter((route) => familyOf(route.destination.address) === 4);
  const six = value.filter((route) => familyOf(route.destination.address) === 6);
  return { value: { four, six }, problems };
}

/** The routes of one family in `ip route` (text or JSON), `route -n` or `netstat -rn`. */
export function parseRoutes(text: string, file: string, family: Family): Parsed<Route[]> {
  const { value, problems } = parseRoutesByFamily(text, file, family);
  return { value: [...(family === 4 ? value.four : value.six)], problems };
}
