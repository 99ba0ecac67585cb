import type { Device, Host } from "../model/host.ts";
import { UsageFailure } from "./failure.ts";

/** The device that a packet comes in on; the only one that there is, when none is named. `ask` is what is said when it has to be. */
export function entrance(
  host: Host,
  netns: string,
  name: string | undefined,
  ask: (devices: readonly string[]) => string,
): string | undefined {
  const devices = host.namespaces.get(netns)?.devices;
  if (!devices) return name;
  const real = devices.filter((d) => d.kind !== "loopback" && d.up);
  const device: Device | undefined = name === undefined ? (real.length === 1 ? real[0] : undefined) : devices.find((d) => d.name === name);
  if (!device) throw new UsageFailure(ask(real.map((d) => d.name)));
  return device.name;
}
