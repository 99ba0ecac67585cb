import type { Parsed } from "../model/problem.ts";
import { parseBrctlShow } from "../parse/brctl-show.ts";
import { parseFdb } from "../parse/bridge-fdb.ts";
import { parseBridgeLinks } from "../parse/bridge-link.ts";
import { parseMulticastEntries } from "../parse/bridge-mdb.ts";
import { parseBridgeVlans } from "../parse/bridge-vlan.ts";
import { parseConntrack } from "../parse/conntrack.ts";
import type { InputKind } from "../parse/detect.ts";
import { parseLinks } from "../parse/ip-link.ts";
import { parseDeviceGroups } from "../parse/ip-maddr.ts";
import { parseNeighbours } from "../parse/ip-neigh.ts";
import { parseNetconf } from "../parse/ip-netconf.ts";
import { parseNexthops } from "../parse/ip-nexthop.ts";
import { parseRoutesByFamily } from "../parse/ip-route.ts";
import { parsePolicyRules } from "../parse/ip-rule.ts";
import { parseIpsetSave } from "../parse/ipset-save.ts";
import { parseIptablesList } from "../parse/iptables-list.ts";
import { parseIptablesSave } from "../parse/iptables-save.ts";
import { parseIpvsadmSave } from "../parse/ipvsadm-save.ts";
import { parseNetnsNames } from "../parse/netns-ids.ts";
import { parseSysctl } from "../parse/sysctl.ts";
import { deviceObject, fdbObject, neighbourObject } from "../render/json/links.ts";
import { policyRuleObject, routeObject } from "../render/json/routes.ts";
import { rulesetObject } from "../render/json/ruleset.ts";
import { connectionObject, setObject, virtualServiceObject } from "../render/json/state.ts";
import { ipsetLines } from "../render/save-ipset.ts";
import { rulesetLines } from "../render/save-rules.ts";

/** What came out of a file: as JSON, and line by line in its own format where that can be written. */
export interface ParsedFile {
  readonly json: () => unknown;
  readonly save?: () => Iterable<string>;
}

/** One kind of input that `nettrace parse` reads. */
interface InputType {
  /** "iptables-save output" */
  readonly expected: string;
  read(text: string, file: string): Parsed<ParsedFile>;
}

function list<T>(expected: string, parse: (text: string, file: string) => Parsed<readonly T[]>, object: (value: T) => unknown): InputType {
  return {
    expected,
    read: (text, file) => {
      const { value, problems } = parse(text, file);
      return { value: { json: () => value.map(object) }, problems };
    },
  };
}

const asItIs = (value: unknown) => value;

function rules(family: 4 | 6): InputType {
  return {
    expected: `${family === 4 ? "iptables" : "ip6tables"}-save output`,
    read: (text, file) => {
      const { value, problems } = parseIptablesSave(text, file, family);
      return { value: { json: () => rulesetObject(value), save: () => rulesetLines(value) }, problems };
    },
  };
}

const routes = (text: string, file: string) => {
  const { value, problems } = parseRoutesByFamily(text, file, 4);
  return { value: [...value.four, ...value.six], problems };
};

// Only an address tells which family's rules they are.
const policyRules = (text: string, file: string) => {
  const four = parsePolicyRules(text, file, 4);
  const six = four.problems.length > 0 ? parsePolicyRules(text, file, 6) : four;
  return six.problems.length < four.problems.length ? six : four;
};

/** The kinds of input that `nettrace parse` reads, by the names of `--type`. */
export const INPUT_TYPES: ReadonlyMap<string, InputType> = new Map<InputKind, InputType>([
  ["iptables-save", rules(4)],
  ["ip6tables-save", rules(6)],
  ["iptables-list", list("iptables -L output", parseIptablesList, asItIs)],
  ["ip-link", list("ip link output", parseLinks, deviceObject)],
  ["ip-addr", list("ip addr output", parseLinks, deviceObject)],
  ["ip-route", list("ip route output", routes, routeObject)],
  ["route-n", list("route -n output", routes, routeObject)],
  ["ip-rule", list("ip rule output", policyRules, policyRuleObject)],
  ["ip-neigh", list("ip neigh output", parseNeighbours, neighbourObject)],
  ["ip-netns", list("ip netns output", parseNetnsNames, asItIs)],
  ["ip-nexthop", list("ip nexthop output", parseNexthops, asItIs)],
  ["ip-maddr", list("ip maddr output", parseDeviceGroups, asItIs)],
  ["ip-netconf", list("ip netconf output", parseNetconf, asItIs)],
  ["bridge-link", list("bridge link output", parseBridgeLinks, asItIs)],
  ["bridge-fdb", list("bridge fdb output", parseFdb, fdbObject)],
  ["bridge-vlan", list("bridge vlan output", parseBridgeVlans, asItIs)],
  ["bridge-mdb", list("bridge mdb output", parseMulticastEntries, asItIs)],
  ["brctl-show", list("brctl show output", parseBrctlShow, asItIs)],
  [
    "ipset-save",
    {
      expected: "ipset save output",
      read: (text, file) => {
        const { value, problems } = parseIpsetSave(text, file);
        return { value: { json: () => value.map(setObject), save: () => ipsetLines(value) }, problems };
      },
    },
  ],
  ["ipvsadm-save", list("ipvsadm-save output", parseIpvsadmSave, virtualServiceObject)],
  ["conntrack", list("conntrack -L output", parseConntrack, connectionObject)],
  [
    "sysctl",
    {
      expected: "sysctl -a output",
      read: (text, file) => {
        const { value, problems } = parseSysctl(text, file);
        return { value: { json: () => Object.fromEntries(value) }, problems };
      },
    },
  ],
]);
