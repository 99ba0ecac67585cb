import type { Mutable } from "./observe.ts";

/** How far apart in nanoseconds two captures on one device note the same packet: the kernel gives both one time, of which one may keep fewer digits. */
const MOMENT = 1_000_000n;

interface Shown {
  readonly trace: Mutable;
  readonly key: string;
  readonly time: bigint;
  readonly captures: Set<string>;
}

/** Packets that one of several captures has just shown at some place, where another one may show them as well. */
export class SameMoment {
  readonly #shown = new Map<string, Shown[]>();
  readonly #order: Shown[] = [];

  /** A capture has shown a packet at a place. */
  note(key: string, trace: Mutable, time: bigint, capture: string): void {
    this.#forget(time);
    const shown: Shown = { trace, key, time, captures: new Set([capture]) };
    this.#order.push(shown);
    const list = this.#shown.get(key);
    if (list) list.push(shown);
    else this.#shown.set(key, [shown]);
  }

  /** The packet that another capture has shown at this place at this moment. */
  recognise(key: string, time: bigint, capture: string): Mutable | undefined {
    const found = this.#shown.get(key)?.find((one) => time - one.time <= MOMENT && !one.captures.has(capture));
    found?.captures.add(capture);
    return found?.trace;
  }

  #forget(now: bigint): void {
    for (let first = this.#order[0]; first && now - first.time > MOMENT; first = this.#order[0]) {
      this.#order.shift();
      const list = this.#shown.get(first.key);
      list?.splice(list.indexOf(first), 1);
      if (list?.length === 0) this.#shown.delete(first.key);
    }
  }
}
