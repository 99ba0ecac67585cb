import { z } from "zod";
import { parseMac } from "../model/address.ts";
import type { Device, DeviceAddress } from "../model/host.ts";
import { deviceDetails, deviceGroup, plainKind, type Setting } from "./device.ts";
import { addressScope } from "./device-address.ts";
import { addressText } from "./json.ts";

const text = z.string().nullish();
const number = z.number().nullish();
const settings = z.looseObject({}).nullish();

// iproute2 leaves `{}` where it filtered an address out, and has the far end of a point-to-point link in "address".
const addressSchema = z.looseObject({
  family: text,
  local: addressText.nullish(),
  address: addressText.nullish(),
  prefixlen: number,
  broadcast: addressText.nullish(),
  scope: z.union([z.string(), z.number()]).nullish(),
  secondary: z.boolean().nullish(),
  deprecated: z.boolean().nullish(),
  tentative: z.boolean().nullish(),
});

/** An object of `ip -j link` or `ip -j addr`. */
export const deviceSchema = z.looseObject({
  ifindex: z.number(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  link: text,
  link_index: number,
  link_netnsid: number,
  link_netns: text,
  master: text,
  group: z.union([z.string(), z.number()]).nullish(),
  address: text,
  linkinfo: z.looseObject({ info_kind: text, info_data: settings, info_slave_kind: text, info_slave_data: settings }).nullish(),
  addr_info: z.array(addressSchema).nullish(),
});
type DeviceJson = z.output<typeof deviceSchema>;

function settingOf(data: Readonly<Record<string, unknown>>): Setting {
  return (name) => {
    const value = data[name];
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
  };
}

function addressOf(info: z.output<typeof addressSchema>): DeviceAddress[] {
  const { local, address, broadcast } = info;
  if (local === undefined || local === null) return [];
  return [
    {
      address: local,
      length: info.prefixlen ?? (typeof local === "number" ? 32 : 128),
      scope: addressScope(String(info.scope ?? "global")),
      ...(broadcast !== undefined && broadcast !== null && { broadcast }),
      ...(address !== undefined && address !== null && { peer: address }),
      ...(info.secondary === true && { secondary: true }),
      ...(info.deprecated === true && { deprecated: true }),
      ...(info.tentative === true && { tentative: true }),
    },
  ];
}

/** The device that an object of `ip -j link` or `ip -j addr` shows. */
export function deviceOfJson(json: DeviceJson): Device {
  const info = json.linkinfo;
  const kind = info?.info_kind ?? plainKind(json.flags);
  const slave = info?.info_slave_kind ? { kind: info.info_slave_kind, setting: settingOf(info.info_slave_data ?? {}) } : undefined;
  const mac = parseMac(json.address ?? "");
  const master = json.master ?? undefined;
  const { link_index: linkIndex, link_netnsid: linkNetnsId } = json;
  return {
    index: json.ifindex,
    name: json.ifname,
    kind,
    up: json.flags.includes("UP"),
    carrier: json.flags.includes("LOWER_UP"),
    flags: json.flags,
    mtu: json.mtu,
    addresses: (json.addr_info ?? []).flatMap(addressOf),
    ...(mac !== undefined && { mac }),
    ...(typeof linkIndex === "number" && { linkIndex }),
    ...(typeof linkNetnsId === "number" && linkNetnsId >= 0 && { linkNetnsId }),
    ...(json.link && { linkName: json.link }),
    ...(json.link_netns && { linkNetns: json.link_netns }),
    ...(master !== undefined && { master }),
    ...deviceGroup(json.group),
    ...deviceDetails(kind, info?.info_data ? settingOf(info.info_data) : undefined, slave, master),
  };
}
