import type { Device, Host, Namespace } from "../model/host.ts";
import type { Problem } from "../model/problem.ts";
import type { Ruleset } from "../model/rule.ts";
import { mergeDevices } from "../parse/device.ts";
import { buildHost } from "../parse/host.ts";
import { parseLinks, showsAddresses } from "../parse/ip-link.ts";
import { parseRoutesByFamily } from "../parse/ip-route.ts";
import { parseIptablesSave } from "../parse/iptables-save.ts";
import { InputFailure, refuse, UsageFailure } from "./failure.ts";
import type { HostFlags } from "./flags.ts";
import { readText } from "./input.ts";
import { loadSnapshot } from "./load-snapshot.ts";

const DEFAULT_NETNS = "host";

/** What is known of the machine, and the namespace that this is about. `alsoRead` are other inputs, since standard input can be read only once; `named` is the namespace when no flag says another. */
export async function loadHost(
  flags: HostFlags,
  alsoRead: readonly string[],
  named?: string,
): Promise<{ readonly host: Host; readonly netns: string }> {
  const { snapshot, rules, rules6, routes = [], links = [] } = flags;
  const paths = [...alsoRead, snapshot, rules, rules6, ...routes, ...links].filter((path) => path === "-");
  if (paths.length > 1) throw new UsageFailure("standard input (-) can be read only once");
  if (snapshot === undefined && rules === undefined && rules6 === undefined && routes.length + links.length === 0) {
    throw new UsageFailure("nothing is known of the machine: give --snapshot DIR, or at least --rules FILE (iptables-save output)");
  }
  const host = await readHost(flags, named);
  return { host, netns: chooseNetns(host, flags.netns, named) };
}

/** Reads what is known of the machine. Single files are about the namespace of the flags, or else the one that is `named`. */
export async function readHost(flags: HostFlags, named: string | undefined): Promise<Host> {
  return flags.snapshot === undefined ? fromFiles(flags, flags.netns ?? named ?? DEFAULT_NETNS) : loadSnapshot(flags.snapshot);
}

/** The namespace that this is about: the one that was given, the one that is `named`, or the only one that it can be. */
export function chooseNetns(host: Host, given: string | undefined, named: string | undefined): string {
  const names = [...host.namespaces.keys()];
  if (given !== undefined) checkNetns(host, given, `--netns ${given}`);
  if (given !== undefined || named !== undefined) return given ?? named ?? DEFAULT_NETNS;
  const only = names.length === 1 ? names[0] : undefined;
  if (names.includes(DEFAULT_NETNS)) return DEFAULT_NETNS;
  if (only !== undefined) return only;
  throw new UsageFailure(`say which network namespace this is about: --netns ${names.join(" or --netns ")}`);
}

/** Refuses a namespace that the host does not have; `said` is how it was named. */
export function checkNetns(host: Host, netns: string, said: string): void {
  if (host.namespaces.has(netns)) return;
  throw new UsageFailure(`${said}: there is no such namespace in the snapshot; it has ${[...host.namespaces.keys()].join(", ")}`);
}

/** Refuses a device that the namespace is known not to have; `said` is how it was named. */
export function checkInterface(host: Host, netns: string, device: string | undefined, said: string): void {
  const devices = host.namespaces.get(netns)?.devices;
  if (device === undefined || !devices || devices.some((d) => d.name === device)) return;
  throw new UsageFailure(`${said}: netns ${netns} has no such device; it has ${devices.map((d) => d.name).join(", ")}`);
}

async function fromFiles(flags: HostFlags, netns: string): Promise<Host> {
  const problems: Problem[] = [];
  const collect = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputFailure)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const ruleset4 = await collect(() => readRules(flags.rules, 4));
  const ruleset6 = await collect(() => readRules(flags.rules6, 6));
  const routes = await collect(() => readRoutes(flags.routes ?? []));
  const links = await collect(() => readLinks(flags.links ?? []));
  refuse(problems);
  return buildHost({ addressesKnown: false, ...links, ...routes, ...(ruleset4 && { ruleset4 }), ...(ruleset6 && { ruleset6 }) }, netns);
}

async function readRules(path: string | undefined, family: 4 | 6): Promise<Ruleset | undefined> {
  if (path === undefined) return undefined;
  const { name, text } = await readText(path, family === 4 ? "iptables-save output" : "ip6tables-save output");
  const { value, problems } = parseIptablesSave(text, name, family);
  refuse(problems);
  return value;
}

async function readRoutes(paths: readonly string[]): Promise<Pick<Namespace, "routes" | "routes6">> {
  let found: Pick<Namespace, "routes" | "routes6"> = {};
  for (const path of paths) {
    const { name, text } = await readText(path, "ip route output");
    const { value, problems } = parseRoutesByFamily(text, name, 4);
    refuse(problems);
    if (value.four.length > 0) found = { ...found, routes: [...(found.routes ?? []), ...value.four] };
    if (value.six.length > 0) found = { ...found, routes6: [...(found.routes6 ?? []), ...value.six] };
  }
  return found;
}

async function readLinks(paths: readonly string[]): Promise<Partial<Pick<Namespace, "devices" | "addressesKnown">>> {
  const links: Device[] = [];
  const addresses: Device[] = [];
  for (const path of paths) {
    const { name, text } = await readText(path, "ip link or ip addr output");
    const { value, problems } = parseLinks(text, name);
    refuse(problems);
    (showsAddresses(text) ? addresses : links).push(...value);
  }
  if (links.length + addresses.length === 0) return {};
  return { devices: mergeDevices(links, addresses), addressesKnown: addresses.length > 0 };
}
