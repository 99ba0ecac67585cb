import type { PacketTrace, Way } from "../model/trace.ts";

/**
 * The devices that a packet went through: "eth0 → docker0 → veth1a2b3c4 → web eth0". A device of a namespace other than
 * the one of the capture has that namespace's name before it; several ports of one flooding bridge stand in braces.
 */
export function pathWords(trace: PacketTrace, way: Way): string {
  const hops: string[] = [];
  const add = (netns: string, device: string) => {
    const name = netns === trace.netns ? device : `${netns} ${device}`;
    if (hops.at(-1) !== name) hops.push(name);
  };
  if (trace.direction === "in" && trace.interface) add(trace.netns, trace.interface);
  const appearances = [...way.out];
  for (const step of way.steps) {
    if (step.kind !== "device") continue;
    if (step.direction === "in") {
      if (step.netns !== trace.netns || hops.length === 0) add(step.netns, step.interface);
      continue;
    }
    add(step.netns, step.interface);
    const index = appearances.findIndex((a) => a.netns === step.netns && a.interface === step.interface);
    if (index >= 0) appearances.splice(index, 1);
  }
  for (const appearance of appearances) add(appearance.netns, appearance.interface);
  return hops.join(" → ");
}
