import { type Address, type AddressMask, familyOf, inMask, maskLength, parseAddress } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";
import type { Rule } from "../model/rule.ts";
import type { LintConfig } from "./config.ts";
import { chainsOf, type LintedRules } from "./linted-rules.ts";
import type { Machine } from "./machine.ts";
import type { Question } from "./probe.ts";

/** Where packets from outside come in, and what they may be sent to. */
export interface Gate {
  readonly device: string;
  /** An address of the machine there. */
  readonly own: Address;
  readonly facts: readonly string[];
}

const SOURCES = {
  4: ["198.51.100.7", "203.0.113.7", "192.0.2.77", "45.83.12.9", "151.101.7.9", "8.31.4.9", "213.17.4.9"],
  6: ["2001:db8:1::7", "2001:db8:ffff::7", "2a0e:b107:1::7", "2607:f8b0:1::7"],
} as const;
const OWN = { 4: "192.0.2.10", 6: "2001:db8:2::10" } as const;
const NAMES = ["eth0", "eth1", "eth2", "eth3", "wan0", "wan1", "net0", "net1"];
const MOST_GATES = 12;

/** A port that hardly any rule is about. */
export const ODD_PORT = 48_211;
export const CLIENT_PORT = 40_000;

/** The places where packets from outside come in: devices of the role "outside", those of default routes, or any device that there could be. */
export function gatesOf(machine: Machine, config: LintConfig): readonly Gate[] {
  const { namespace, rules } = machine;
  const roles = config.interfaces.get("outside");
  const { family } = rules.ruleset;
  if (!namespace) {
    const names = roles
      ? roles.map((name) => name.replace(/\+$/, "0"))
      : [...freeNames(rules, 1), ...namedDevices(rules)].slice(0, MOST_GATES);
    const own = parseAddress(OWN[family]) as Address;
    return names.map((device) => ({ device, own, facts: [`local ${OWN[family]} dev ${device} table local`, `default dev ${device}`] }));
  }
  const isDefault = ({ destination, type, table }: { destination: { length: number }; type: string; table: string }) =>
    destination.length === 0 && type === "unicast" && table === "main";
  const defaults = new Set(
    [...(namespace.routes ?? []), ...(namespace.routes6 ?? [])]
      .filter(isDefault)
      .flatMap(({ nexthops }) => nexthops.flatMap(({ device }) => device ?? [])),
  );
  const devices = (namespace.devices ?? []).filter(
    ({ name, up }) => up && (roles ? roles.some((role) => fits(name, role)) : defaults.has(name)),
  );
  return devices.flatMap(({ name, addresses }) => {
    const own = addresses.find(({ address, scope }) => familyOf(address) === family && scope === "global")?.address;
    return own === undefined ? [] : [{ device: name, own, facts: [] }];
  });
}

/** Whether a device has a name, or one that begins like that where `+` ends it. */
export function fits(name: string, pattern: string): boolean {
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Names of devices that no rule names. */
export function freeNames(rules: LintedRules, count: number): readonly string[] {
  const patterns = allRules(rules).flatMap(({ inInterface, outInterface }) => [inInterface?.value ?? "", outInterface?.value ?? ""]);
  return NAMES.filter((name) => !patterns.some((pattern) => pattern !== "+" && fits(name, pattern))).slice(0, count);
}

function namedDevices(rules: LintedRules): readonly string[] {
  const names = allRules(rules).flatMap(({ inInterface }) => inInterface?.value.replace(/\+$/, "0") ?? []);
  return [...new Set(names)].filter((name) => name !== "lo" && name !== "" && name !== "0");
}

/** Up to two addresses of the outside that no rule names, so that what is said of them holds for any address. */
export function strangers(rules: LintedRules): readonly Address[] {
  const named = allRules(rules).flatMap(({ source }) => (source && maskLength(source.value.mask) !== 0 ? source.value : []));
  const addresses = SOURCES[rules.ruleset.family].map((text) => parseAddress(text) as Address);
  return addresses.filter((address) => !named.some((mask: AddressMask) => inMask(address, mask.address, mask.mask))).slice(0, 2);
}

/** All rules of a ruleset. */
export function allRules(rules: LintedRules): readonly Rule[] {
  const known = listed.get(rules);
  if (known) return known;
  const list = [...chainsOf(rules)].flatMap(({ chain }) => chain.rules);
  listed.set(rules, list);
  return list;
}

const listed = new WeakMap<LintedRules, readonly Rule[]>();

/** The first packet of a TCP connection from outside. */
export function knock({ device, own, facts }: Gate, src: Address, dport: number): Question {
  return { description: { protocol: PROTOCOL.tcp, src, dst: own, sport: CLIENT_PORT, dport }, in: device, facts };
}

/** "in on eth0", or where that is any device. */
export function gateWords(machine: Machine, config: LintConfig, gates: readonly Gate[]): string {
  if (!machine.namespace && !config.interfaces.has("outside")) return "on any device";
  return `on ${gates.map(({ device }) => device).join(" and ")}`;
}
