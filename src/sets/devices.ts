import type { Span } from "./box.ts";

/**
 * The places of device names in the order of all names, as far as a ruleset tells names apart: a name has one place, a prefix (`eth+`) those
 * of all names that begin so. No name at all comes first, at 0.
 */
export class Devices {
  /** Where something begins or ends, in order. Between two of them no rule tells names apart. */
  readonly #borders: readonly string[];
  readonly #places: ReadonlyMap<string, number>;

  /** Made for all the names and prefixes that rules have. */
  constructor(patterns: Iterable<string>) {
    const borders = new Set<string>(["", "\0"]);
    for (const pattern of patterns) {
      if (pattern === "" || pattern === "+") continue;
      if (pattern.endsWith("+")) {
        borders.add(pattern.slice(0, -1));
        borders.add(`${pattern.slice(0, -1)}\uffff`);
      } else {
        borders.add(pattern);
        borders.add(`${pattern}\0`);
      }
    }
    this.#borders = [...borders].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#places = new Map(this.#borders.map((border, place) => [border, place]));
  }

  /** All names, none included. */
  get all(): Span {
    return [0, this.#borders.length - 1];
  }

  /** Where there is no device: what goes out has not come in. */
  get none(): Span {
    return [0, 0];
  }

  /** All names but none. */
  get some(): Span {
    return [1, this.#borders.length - 1];
  }

  /** The places of a name, or of a prefix with a `+` behind it. */
  span(pattern: string): Span {
    if (pattern === "" || pattern === "+") return this.all;
    if (!pattern.endsWith("+")) return [this.#border(pattern), this.#border(pattern)];
    const prefix = pattern.slice(0, -1);
    return [this.#border(prefix), this.#border(`${prefix}\uffff`) - 1];
  }

  #border(border: string): number {
    const place = this.#places.get(border);
    if (place === undefined) throw new RangeError(`no rule names ${border}`);
    return place;
  }

  /** A name that has one of some places: one that rules name, if there is one. */
  name([low, high]: Span): string | undefined {
    const places = Array.from({ length: Number(high) - Number(low) + 1 }, (_, i) => Number(low) + i);
    const isNamed = (place: number) => this.#places.has(`${this.#borders[place]}\0`);
    for (const place of [...places.filter(isNamed), ...places]) {
      const border = this.#borders[place] ?? "";
      if (border === "") continue;
      const base = border.replace(/[\0\uffff]+$/, "");
      const next = base.slice(0, -1) + String.fromCharCode(base.charCodeAt(base.length - 1) + 1);
      const found = [border, ...["0", "1", "a", "x", "-", "~"].map((end) => base + end), next, "a0"].find(
        (name) => /^[!-.0-9;-~]{1,15}$/.test(name) && this.place(name) === place,
      );
      if (found !== undefined) return found;
    }
    return Number(low) === 0 ? "" : undefined;
  }

  /** The place of any name. */
  place(name: string): number {
    let [low, high] = [0, this.#borders.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#borders[middle] as string) <= name) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
