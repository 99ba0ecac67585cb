import type { Device, FdbEntry } from "../model/host.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";

/** What a bridge has learned of a station. */
function cellOf(netns: Netns, bridge: Device, mac: number): string {
  return `fdb|${netns.name}|${bridge.name}|${mac}`;
}

/** The port that an address is behind, the bridge's own name for its own addresses, or undefined when it is not known. */
export function fdbLookup(run: Run, netns: Netns, bridge: Device, mac: number): string | undefined {
  if (mac === bridge.mac) return bridge.name;
  const learned = run.world.state.get<string>(cellOf(netns, bridge, mac));
  const entries = (netns.namespace.fdb ?? []).filter(
    (entry) => entry.mac === mac && (entry.master === bridge.name || entry.device === bridge.name),
  );
  const local = entries.find((entry) => isLocal(entry) && entry.master === bridge.name);
  if (local) return bridge.name;
  if (netns.ports.get(bridge.name)?.some((port) => port.mac === mac)) return bridge.name;
  if (learned !== undefined) return learned;
  return entries.find((entry) => !isLocal(entry))?.device;
}

/** The same for a frame's destination, for which other connections' frames may have taught it. */
export function behindPort(run: Run, netns: Netns, bridge: Device, mac: number): string | undefined {
  const found = fdbLookup(run, netns, bridge, mac);
  if (found === undefined) run.world.state.watch?.shared("a bridge does not know where a station is");
  return found;
}

/** A frame from a station came in on a port; `known` is where it was thought to be (br_fdb_update). */
export function learnStation(run: Run, netns: Netns, bridge: Device, port: Device, mac: number, known: string | undefined): void {
  const { state } = run.world;
  const cell = cellOf(netns, bridge, mac);
  if (known === bridge.name || state.get(cell) === port.name) return;
  if (known !== undefined && known !== port.name) state.watch?.shared("a station moved to another port of a bridge");
  state.set(cell, port.name);
}

function isLocal(entry: FdbEntry): boolean {
  return entry.state === "permanent" && !entry.flags.includes("self");
}
