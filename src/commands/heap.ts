import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** By how many hundredths what is kept may grow before the heap is cleared again; V8 would let it become four times as large. */
const GROWTH = 50;

/** MiB for what is new, and as many for what of it is still there when that is cleared. Newer V8 would let it become 64, for some hundredths of the time. */
const NEW = 8;
const MIB = 2 ** 20;
/** Things that are made at once for V8 to make room, and how many times at most. */
const THINGS = 512;
const MOST = 64;
/** V8 before this version can clear what is new while it looks for what is old; the flag is gone with it. */
const PHASES_APART = 14;

/**
 * Sets V8 to what suits a stream of packets, of which each is forgotten soon: nothing is put among the long-lived objects because of what
 * else was made at the same place in the program, those are cleared before there is much waste among them, and there is room for new ones
 * at once, but no more than that later on.
 */
export function tuneHeap(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  // Else all that is made meanwhile stays, which is some 40 MiB.
  if (Number.parseInt(process.versions.v8, 10) < PHASES_APART) setFlagsFromString("--no-separate-gc-phases");
  makeRoom();
}

/** Sets V8 to clear what is new with one thread: where several replay, others that helped them would only take their processors. */
export function clearAlone(): void {
  setFlagsFromString("--no-parallel-scavenge");
}

/** Each thread has a heap of its own, the flags are those of all. */
function makeRoom(): void {
  const kept: unknown[] = [];
  for (let i = 0, room = roomForNew(); i < MOST && room < NEW * MIB; i++, room = roomForNew()) {
    // At first it is one MiB, and as many.
    setFlagsFromString(`--semi-space-growth-factor=${room > 2 * MIB ? 2 : NEW}`);
    kept.push(Array.from({ length: THINGS }, () => [i]));
  }
  setFlagsFromString("--semi-space-growth-factor=1");
}

function roomForNew(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}
