import type { Packet } from "../model/packet.ts";
import { FirstIn } from "./first-in.ts";
import { contentHash, Look, looksLike } from "./same-packet.ts";
import type { Waiting } from "./waiting.ts";

/** How far apart in nanoseconds two captures on one device note the same packet: each may read the clock for itself. */
const MOMENT = 1_000_000n;

/** A packet on a device, coming in or going out. */
interface Sight {
  readonly netns: string;
  readonly device: string;
  readonly direction: string;
  readonly packet: Packet;
}

interface Shown {
  readonly of: Waiting;
  readonly sight: Sight;
  readonly key: number;
  readonly time: bigint;
  readonly captures: Set<string>;
}

/** Packets that one of several captures has just shown at some place, where another one may show them as well. */
export class SameMoment {
  readonly #shown = new Map<number, Shown[]>();
  readonly #order = new FirstIn<Shown>();

  /** A capture has shown a packet at a place. */
  note(sight: Sight, of: Waiting, time: bigint, capture: string): void {
    this.#forget(time);
    const key = contentHash(sight.packet);
    const shown: Shown = { of, sight, key, time, captures: new Set([capture]) };
    this.#order.push(shown);
    const list = this.#shown.get(key);
    if (list) list.push(shown);
    else this.#shown.set(key, [shown]);
  }

  /** The packet that another capture has shown at this place at this moment. */
  recognise(sight: Sight, time: bigint, capture: string): Waiting | undefined {
    const list = this.#shown.get(contentHash(sight.packet));
    const found = list?.find((one) => time - one.time <= MOMENT && !one.captures.has(capture) && isSame(one.sight, sight));
    found?.captures.add(capture);
    return found?.of;
  }

  #forget(now: bigint): void {
    for (let first = this.#order.first; first && now - first.time > MOMENT; first = this.#order.first) {
      this.#order.shift();
      const list = this.#shown.get(first.key);
      list?.splice(list.indexOf(first), 1);
      if (list?.length === 0) this.#shown.delete(first.key);
    }
  }
}

function isSame(shown: Sight, seen: Sight): boolean {
  const { netns, device, direction, packet } = shown;
  if (netns !== seen.netns || device !== seen.device || direction !== seen.direction) return false;
  return looksLike(new Look().look(packet, packet.ttl, packet), seen.packet, false);
}
