import type { Bridge, BridgePort, Device } from "../model/host.ts";

/** A setting of a bridge, a port or a VLAN by its name; undefined when it was not shown. */
export type Setting = (name: string) => string | number | boolean | null | undefined;

/** Whether a setting is on: "on", true, 1. */
function isOn(value: ReturnType<Setting>, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  return value === true || value === "on" || Number(value) > 0;
}

const PORT_STATES: readonly string[] = ["disabled", "listening", "learning", "forwarding", "blocking"] satisfies BridgePort["state"][];

/** Whether a word is a state of a bridge port (if_bridge.h, BR_STATE_DISABLED …). */
function isPortState(value: unknown): value is BridgePort["state"] {
  return typeof value === "string" && PORT_STATES.includes(value);
}

/** A port with the settings that were shown, and the kernel's defaults for the others (br_if.c, new_nbp). */
export function bridgePort(bridge: string, setting: Setting): BridgePort {
  const state = setting("state");
  return {
    bridge,
    state: isPortState(state) ? state : "forwarding",
    hairpin: isOn(setting("hairpin"), false),
    isolated: isOn(setting("isolated"), false),
    learning: isOn(setting("learning"), true),
    flood: isOn(setting("flood"), true),
    multicastFlood: isOn(setting("mcast_flood"), true),
    broadcastFlood: isOn(setting("bcast_flood"), true),
    ...(isOn(setting("locked"), false) && { locked: true }),
  };
}

/** A bridge with the settings that were shown, and the kernel's defaults for the others (br_device.c, br_dev_setup). */
function bridgeSettings(setting: Setting): Bridge {
  return {
    vlanFiltering: isOn(setting("vlan_filtering"), false),
    stp: isOn(setting("stp_state"), false),
    multicastSnooping: isOn(setting("mcast_snooping"), true),
    ...(isOn(setting("group_fwd_mask"), false) && { groupForwardMask: Number(setting("group_fwd_mask")) }),
    callIptables: isOn(setting("nf_call_iptables"), false),
    callIp6tables: isOn(setting("nf_call_ip6tables"), false),
  };
}

/** The number of a device group; only "default" has the same one on every host (/etc/iproute2/group). */
export function deviceGroup(name: unknown): Pick<Device, "group"> {
  if (name === "default") return { group: 0 };
  const text = typeof name === "string" || typeof name === "number" ? String(name) : "";
  return /^\d{1,10}$/.test(text) ? { group: Number(text) } : {};
}

const IPVLAN_MODES = ["l2", "l3", "l3s"] as const;
const IPVLAN_FLAGS = ["private", "vepa"] as const;

/** iplink_ipvlan.c, ipvlan_print_opt: the flag is a word alone, or in JSON what is true. */
function ipvlanOf(own: Setting): Pick<Device, "ipvlan"> {
  const mode = IPVLAN_MODES.find((one) => one === own("mode"));
  const flag = IPVLAN_FLAGS.find((one) => own(one) !== undefined) ?? "bridge";
  return mode ? { ipvlan: { mode, flag } } : {};
}

type Details = Pick<Device, "bridge" | "port" | "vlan" | "macvlan" | "ipvlan" | "bond" | "isBackup">;

const MACVLAN_MODES = ["private", "vepa", "bridge", "passthru"] as const satisfies readonly NonNullable<Device["macvlan"]>["mode"][];

/** What a device is beyond its kind, out of the settings that `ip -d` shows. */
export function deviceDetails(
  kind: string,
  own: Setting | undefined,
  slave: { kind: string; setting: Setting } | undefined,
  master?: string,
): Details {
  const id = Number(own?.("id"));
  const mode = kind === "macvlan" || kind === "macvtap" ? MACVLAN_MODES.find((one) => one === own?.("mode")) : undefined;
  return {
    ...(kind === "bridge" && own && { bridge: bridgeSettings(own) }),
    ...(slave?.kind === "bridge" && master !== undefined && { port: bridgePort(master, slave.setting) }),
    ...(mode && { macvlan: { mode } }),
    ...(kind === "ipvlan" && own && ipvlanOf(own)),
    ...(kind === "bond" && own && { bond: { mode: String(own("mode") ?? ""), takesAll: isOn(own("all_slaves_active"), false) } }),
    ...(slave?.kind === "bond" && String(slave.setting("state")).toUpperCase() === "BACKUP" && { isBackup: true as const }),
    ...(kind === "vlan" && id >= 0 && { vlan: { id, protocol: String(own?.("protocol") ?? "802.1Q") } }),
  };
}

/** The kind of a device for which nothing else is said. */
export function plainKind(flags: readonly string[]): string {
  return flags.includes("LOOPBACK") ? "loopback" : "physical";
}

function merged(link: Device, address: Device): Device {
  const plain = link.kind === plainKind(link.flags);
  return { ...address, ...link, kind: plain ? address.kind : link.kind, addresses: address.addresses };
}

/** The devices of `ip link` with the addresses of `ip addr`, by index; one that only one of them has is kept. */
export function mergeDevices(links: readonly Device[], addresses: readonly Device[]): Device[] {
  const rest = new Map(addresses.map((device) => [device.index, device]));
  const both = links.map((link) => {
    const address = rest.get(link.index);
    rest.delete(link.index);
    return address ? merged(link, address) : link;
  });
  return [...both, ...rest.values()];
}
