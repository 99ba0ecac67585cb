import type { Device, Namespace } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { parseFdb } from "./bridge-fdb.ts";
import { parseBridgeLinks, withBridgeLinks } from "./bridge-link.ts";
import { parseBridgeVlans } from "./bridge-vlan.ts";
import { parseConntrack } from "./conntrack.ts";
import { mergeDevices } from "./device.ts";
import { parseLinks } from "./ip-link.ts";
import { parseNeighbours } from "./ip-neigh.ts";
import { parseRoutesByFamily } from "./ip-route.ts";
import { parsePolicyRules } from "./ip-rule.ts";
import { parseIpsetSave } from "./ipset-save.ts";
import { parseIptablesSave } from "./iptables-save.ts";
import { parseIpvsadmSave } from "./ipvsadm-save.ts";
import { parseNetnsIds } from "./netns-ids.ts";
import { parseSysctl } from "./sysctl.ts";

/** A file of a namespace: its text, and its name for messages. */
interface Input {
  readonly text: string;
  readonly file: string;
}

/** The files of one namespace: gives the first that exists under one of the names. */
export type Inputs = (...names: string[]) => Input | undefined;

type Parse<T> = (text: string, file: string) => Parsed<T>;

class Reader {
  readonly problems: Problem[] = [];
  private readonly inputs: Inputs;

  constructor(inputs: Inputs) {
    this.inputs = inputs;
  }

  /** The value of a file under its key; nothing, when there is no such file: not known is not empty. */
  field<K extends keyof Namespace>(key: K, parse: Parse<Namespace[K]>, ...names: string[]): Pick<Namespace, K> | Record<never, never> {
    const value = this.value(parse, ...names);
    return value === undefined ? {} : ({ [key]: value } as Pick<Namespace, K>);
  }

  value<T>(parse: Parse<T>, ...names: string[]): T | undefined {
    const input = this.inputs(...names);
    if (!input) return undefined;
    const { value, problems } = parse(input.text, input.file);
    for (const problem of problems) this.problems.push(problem);
    return value;
  }
}

function readDevices(reader: Reader): Pick<Namespace, "devices" | "addressesKnown"> {
  const links = reader.value(parseLinks, "ip-link.json", "ip-link.txt");
  const addresses = reader.value(parseLinks, "ip-addr.json", "ip-addr.txt");
  const ports = reader.value(parseBridgeLinks, "bridge-link.json", "bridge-link.txt") ?? [];
  const merged: Device[] | undefined = links && addresses ? mergeDevices(links, addresses) : (links ?? addresses);
  return { ...(merged && { devices: withBridgeLinks(merged, ports) }), addressesKnown: addresses !== undefined };
}

function readRoutes(reader: Reader): Pick<Namespace, "routes" | "routes6"> {
  const first = reader.value((text, file) => parseRoutesByFamily(text, file, 4), "ip-route.txt", "ip-route.json");
  const second = reader.value((text, file) => parseRoutesByFamily(text, file, 6), "ip6-route.txt", "ip6-route.json");
  // `ip route show table all` without -4 lists IPv6 routes too; where it has none, they may have been left out.
  const six = second?.six ?? (first && first.six.length > 0 ? first.six : undefined);
  return { ...(first && { routes: first.four }), ...(six && { routes6: six }) };
}

/** Reads the files of one namespace of a snapshot. */
export function readNamespace(name: string, inputs: Inputs): Parsed<Namespace> {
  const reader = new Reader(inputs);
  const value: Namespace = {
    name,
    ...readDevices(reader),
    ...readRoutes(reader),
    ...reader.field("policyRules", (text, file) => parsePolicyRules(text, file, 4), "ip-rule.txt", "ip-rule.json"),
    ...reader.field("policyRules6", (text, file) => parsePolicyRules(text, file, 6), "ip6-rule.txt", "ip6-rule.json"),
    ...reader.field("neighbours", parseNeighbours, "ip-neigh.json", "ip-neigh.txt"),
    ...reader.field("fdb", parseFdb, "bridge-fdb.json", "bridge-fdb.txt"),
    ...reader.field("bridgeVlans", parseBridgeVlans, "bridge-vlan.json", "bridge-vlan.txt"),
    ...reader.field("sysctls", parseSysctl, "sysctl.txt"),
    ...reader.field("ruleset4", (text, file) => parseIptablesSave(text, file, 4, { allowEmpty: true }), "iptables-save.txt"),
    ...reader.field("ruleset6", (text, file) => parseIptablesSave(text, file, 6, { allowEmpty: true }), "ip6tables-save.txt"),
    ...reader.field("sets", parseIpsetSave, "ipset-save.txt"),
    ...reader.field("conntrack", parseConntrack, "conntrack.txt"),
    ...reader.field("virtualServices", parseIpvsadmSave, "ipvsadm-save.txt"),
    ...reader.field("netnsIds", parseNetnsIds, "netns-ids.txt", "netns-ids.json"),
  };
  return { value, problems: reader.problems };
}
