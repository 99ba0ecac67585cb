import type { PacketTrace, Way } from "../model/trace.ts";

/** What the replay calls a device that nothing tells the name of. */
const UNKNOWN = "?";

/**
 * The devices that a packet went through: "eth0 → docker0 → veth1a2b3c4 → web eth0". A device of a namespace other than
 * the one of the capture has that namespace's name before it; several ports of one flooding bridge stand in braces.
 */
export function pathWords(trace: PacketTrace, way: Way): string {
  const hops: string[] = [];
  const add = (netns: string, device: string) => {
    const name = netns === trace.netns ? device : `${netns} ${device}`;
    if (hops.at(-1) !== name && device !== UNKNOWN) hops.push(name);
  };
  if (trace.direction === "in" && trace.interface) add(trace.netns, trace.interface);
  let flooded: readonly string[] = [];
  for (const step of way.steps) {
    if (step.kind === "bridge") {
      flooded = step.action === "flood" && step.ports.length > 1 ? step.ports : [];
      if (flooded.length > 0) add(step.netns, `{${flooded.join(", ")}}`);
    }
    if (step.kind !== "device") continue;
    if (step.direction === "out" ? !flooded.includes(step.interface) : step.netns !== trace.netns || hops.length === 0) {
      add(step.netns, step.interface);
    }
  }
  if (hops.length < 2 && !way.steps.some((step) => step.kind === "device")) {
    for (const appearance of way.out) add(appearance.netns, appearance.interface);
  }
  return hops.join(" → ");
}
