import { setFlagsFromString } from "node:v8";

/** By how many hundredths what is kept may grow before the heap is cleared again; V8 would let it become four times as large. */
const GROWTH = 50;

/** By how much what is new may grow each time; V8 would double it, and clear it twice as often while it reads a small capture. */
const NEW_GROWTH = 8;

/**
 * Sets V8 to what suits a stream of packets, of which each is forgotten soon: nothing is put among the long-lived objects because of what
 * else was made at the same place in the program, and those are cleared before there is much waste among them.
 */
export function tuneHeap(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  setFlagsFromString(`--semi-space-growth-factor=${NEW_GROWTH}`);
}
