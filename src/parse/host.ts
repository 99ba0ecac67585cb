import type { Device, Host, Namespace, Route } from "../model/host.ts";
import type { Ruleset } from "../model/rule.ts";
import { mergeDevices } from "./device.ts";

/** What single files say of one namespace; what was not given is not known. */
export interface HostInputs {
  readonly ruleset4?: Ruleset;
  readonly ruleset6?: Ruleset;
  readonly routes?: readonly Route[];
  readonly routes6?: readonly Route[];
  readonly devices?: readonly Device[];
  /** Whether `devices` were given with their addresses. */
  readonly addressesKnown: boolean;
}

function devicesOver(inputs: HostInputs, namespace: Namespace): Pick<Namespace, "devices" | "addressesKnown"> {
  if (!inputs.devices) return { addressesKnown: namespace.addressesKnown };
  if (inputs.addressesKnown || !namespace.addressesKnown) return { devices: inputs.devices, addressesKnown: inputs.addressesKnown };
  const known = (namespace.devices ?? []).filter(({ index }) => inputs.devices?.some((device) => device.index === index));
  return { devices: mergeDevices(inputs.devices, known), addressesKnown: true };
}

/** A host with what single files say of one namespace in the place of what it said there itself; the rest of it stays. */
export function overrideHost(host: Host, inputs: HostInputs, netns: string): Host {
  const before: Namespace = host.namespaces.get(netns) ?? { name: netns, addressesKnown: false };
  const { addressesKnown: _, devices: __, ...given } = inputs;
  const after: Namespace = { ...before, ...given, ...devicesOver(inputs, before) };
  return { ...host, namespaces: new Map([...host.namespaces, [netns, after]]) };
}

/** A host of which nothing is known but what single files say of one namespace. */
export function buildHost(inputs: HostInputs, netns: string): Host {
  return overrideHost({ namespaces: new Map() }, inputs, netns);
}
