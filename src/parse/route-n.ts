import { quote } from "../../grammars/words.ts";
import { type Address, type Family, familyOf, maskLength, type Prefix, parseAddress, parsePrefix } from "../model/address.ts";
import type { Route } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { lineProblem, type SourceLine, significantLines } from "./lines.ts";

const HEADING = /^Destination\s+(Gateway|Next Hop)\b.*$/m;

/** Whether a text is what `route -n` or `netstat -rn` prints. */
export function isRouteTable(text: string): boolean {
  return HEADING.test(text);
}

type Column = "destination" | "gateway" | "mask" | "flags" | "metric" | "other" | "device";

// net-tools lib/inet_gr.c and inet6_gr.c: the flags say what the columns do not.
const COLUMNS: readonly { readonly heading: RegExp; readonly columns: readonly Column[] }[] = [
  { heading: /Next Hop.*\bMet\b/, columns: ["destination", "gateway", "flags", "metric", "other", "other", "device"] },
  { heading: /\bMetric\b/, columns: ["destination", "gateway", "mask", "flags", "metric", "other", "other", "device"] },
  { heading: /\bMSS\b/, columns: ["destination", "gateway", "mask", "flags", "other", "other", "other", "device"] },
];

interface Cell {
  readonly text: string;
  readonly column: number;
}
type Row = ReadonlyMap<Column, Cell>;
type Complain = (cell: Cell, message: string) => void;

function cells(line: string): Cell[] {
  return [...line.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
}

function destinationOf(row: Row, complain: Complain): Prefix | undefined {
  const cell = row.get("destination") ?? { text: "", column: 1 };
  const mask = row.get("mask");
  const written = cell.text === "default" ? "0.0.0.0" : cell.text;
  if (!mask) {
    const prefix = parsePrefix(written);
    if (!prefix) complain(cell, `expected a prefix, found ${quote(cell.text)}`);
    return prefix;
  }
  const address = parseAddress(written);
  const maskAddress = parseAddress(mask.text);
  const length = maskAddress === undefined ? undefined : maskLength(maskAddress);
  if (typeof address !== "number") complain(cell, `expected an address, found ${quote(cell.text)}`);
  else if (length === undefined) complain(mask, `expected a network mask, found ${quote(mask.text)}`);
  else return { address, length };
  return undefined;
}

function gatewayOf(row: Row, flags: string, complain: Complain): Address | undefined {
  const cell = row.get("gateway");
  if (!cell || !flags.includes("G")) return undefined;
  const address = parseAddress(cell.text);
  if (address === undefined) complain(cell, `expected the address of a gateway, found ${quote(cell.text)}`);
  // An IPv6 gateway of an IPv4 route does not fit into this table.
  return address === 0 ? undefined : address;
}

function routeOf(row: Row, line: SourceLine, complain: Complain): Route | undefined {
  const destination = destinationOf(row, complain);
  if (!destination) return undefined;
  const flags = row.get("flags")?.text ?? "";
  const device = row.get("device")?.text ?? "-";
  const via = gatewayOf(row, flags, complain);
  // ip_fib_show prints the metric as a signed number.
  const metric = Number(row.get("metric")?.text ?? 0) >>> 0;
  const six = familyOf(destination.address) === 6;
  // The kernel's own "nothing here" entry (net/ipv6/route.c, ip6_null_entry) is in no table.
  if (six && flags.includes("!") && metric === 0xffffffff && destination.length === 0) return undefined;
  const local = six && flags.includes("n") && !flags.includes("!");
  // fib_trie.c, fib_route_seq_show: `*` is a route without a device that is not flagged as rejecting, a blackhole.
  const type = flags.includes("!") ? "unreachable" : device === "*" ? "blackhole" : local ? "local" : "unicast";
  const nexthops =
    device === "-" || type === "unreachable" || type === "blackhole"
      ? []
      : [{ ...(via !== undefined && { via }), device, weight: 1, flags: [] }];
  return {
    type,
    destination,
    table: local ? "local" : "main",
    nexthops,
    metric,
    tos: 0,
    ...(type === "unicast" && !flags.includes("G") && !six && { scope: "link" }),
    text: line.text.trim().replace(/\s+/g, " "),
    line: line.line,
  };
}

/** Reads the tables of `route -n`, `route -6 -n` and `netstat -rn`: the main table, as far as they tell. */
export function readRouteTable(text: string, file: string, _fallback: Family): Parsed<Route[]> {
  const routes: Route[] = [];
  const problems: Problem[] = [];
  let columns: readonly Column[] | undefined;
  for (const line of significantLines(text, file, problems)) {
    const complain: Complain = ({ text: found, column }, message) =>
      problems.push(lineProblem(file, line, { message, column, span: Math.max(1, found.length) }));
    if (/^Kernel IP(v6)? /.test(line.text)) continue;
    if (HEADING.test(line.text)) {
      columns = COLUMNS.find(({ heading }) => heading.test(line.text))?.columns;
      if (!columns) complain({ text: line.text.trim(), column: 1 }, "expected the headings of route -n or netstat -rn");
      continue;
    }
    const found = cells(line.text);
    const last = found.at(-1) ?? { text: "", column: 1 };
    if (!columns) continue;
    if (found.length !== columns.length) {
      complain(last, `expected ${columns.length} columns as in the heading, found ${found.length}`);
      continue;
    }
    const row = new Map(columns.map((column, index) => [column, found[index] ?? last]));
    const route = routeOf(row, line, complain);
    if (route) routes.push(route);
  }
  return { value: routes, problems };
}
