import { z } from "zod";
import type { BridgePort, Device } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { bridgePort, plainKind } from "./device.ts";
import { readJsonList } from "./json.ts";

/** A port as `bridge link` shows it; without `-d` its switches are the kernel's defaults. */
export interface BridgeLink {
  readonly device: string;
  readonly port: BridgePort;
}

const flag = z.boolean().nullish();
const schema = z.looseObject({
  ifname: z.string(),
  master: z.string().nullish(),
  state: z.string().nullish(),
  hairpin: flag,
  isolated: flag,
  learning: flag,
  flood: flag,
  mcast_flood: flag,
  bcast_flood: flag,
});

/** Reads `bridge -j link`, with `-d` or without. */
export function parseBridgeLinks(text: string, file: string): Parsed<BridgeLink[]> {
  const { value, problems } = readJsonList(text, file, schema);
  const links = value.flatMap(({ value: link }): BridgeLink[] => {
    if (!link.master) return [];
    const settings: Readonly<Record<string, unknown>> = link;
    return [{ device: link.ifname, port: bridgePort(link.master, (name) => settings[name] as string | boolean | undefined) }];
  });
  return { value: links, problems };
}

/** Devices with what `bridge link` knows of them, where `ip -d link` did not say it already: ports, and which device is a bridge. */
export function withBridgeLinks(devices: readonly Device[], links: readonly BridgeLink[]): Device[] {
  const ports = new Map(links.map(({ device, port }) => [device, port]));
  const bridges = new Set(links.map(({ port }) => port.bridge));
  return devices.map((device) => {
    const port = device.port ?? ports.get(device.name);
    const bridge = bridges.has(device.name) && device.kind === plainKind(device.flags);
    return { ...device, ...(port && { port, master: device.master ?? port.bridge }), ...(bridge && { kind: "bridge" }) };
  });
}
