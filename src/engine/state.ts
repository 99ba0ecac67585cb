import type { StateCells } from "../extensions/spec.ts";
import { Ageing } from "./ageing.ts";
import { clear } from "./clear.ts";
import type { Watch } from "./deal.ts";
import { Doubted } from "./doubted.ts";
import { Undecided } from "./undecided.ts";

/** State that is changed in place and knows how to copy itself, so that a way that was not taken can be undone. */
export interface Restorable {
  /** Identifies it among the ways of one packet. */
  readonly stateKey: string;
  copyState(): object;
}

/** A cell that its owner finds without its name, which is only asked for where something is in doubt. Its state is that of connections. */
export interface Cell<T = unknown> {
  readonly name: string;
  value: T | undefined;
}

/** Something that a packet has changed: a cell or its key, or an object. */
export type Change = string | Cell | Restorable;

/** The key of what was changed. */
export function keyOf(change: Change): string {
  if (typeof change === "string") return change;
  return "stateKey" in change ? change.stateKey : change.name;
}

/** Of bridges, fragments, neighbours and paths: what these have learned hangs neither on connections nor on rules. */
const LEARNED = "fdb|frag|hh|pmtu";
const IS_LEARNED = new RegExp(`^(${LEARNED})\\|`);
/** What rules do not change, where none changes a set, and where one does. */
const STEADY = new RegExp(`^((ct|limit|${LEARNED})\\||set:)`);
const STEADY_BUT_SETS = new RegExp(`^(ct|limit|${LEARNED})\\|`);

/** What is known of these holds on every way of a packet, whichever it is left by. */
export const BOUNDS = "frag|bounds|";

/** What no packet that goes as one before it did asks for: connection tracking is asked each time, fragments and answers are none of these. */
const UNASKED = /^(ct|frag|limit)\|/;

/** Cells that no other connection asks for, or of which those who ask say so themselves. */
const OWN = /^((fdb|frag|hh)\||connlabel:)/;

/** What a packet has left behind on one of its ways, so that it can be left behind once more. */
export interface LeftBehind {
  readonly keyed: ReadonlyMap<string, unknown>;
  readonly cells: ReadonlyMap<Cell, unknown>;
  readonly objects: ReadonlyMap<Restorable, object>;
}

/**
 * All state that outlives a packet, with a journal of the packet at hand.
 * A cell that the ways of an undecided packet leave different is tainted: whoever reads it later is undecided too.
 */
export class State implements StateCells {
  readonly #keyed = new Map<string, unknown>();
  readonly #before = new Map<string, unknown>();
  // A packet changes few of them; Maps would be made anew for each.
  readonly #cells: Cell[] = [];
  readonly #valuesBefore: unknown[] = [];
  readonly #objects: Restorable[] = [];
  readonly #copies: object[] = [];
  #age = 0;
  readonly #ageing = new Ageing();
  #now = 0n;
  /** Set members are only in doubt where a rule can change them. */
  readonly #steady: RegExp;
  #ruleStateTaint: string | undefined;
  readonly #tainted: Doubted;
  /** Where the packets of a capture are dealt to several replays: whom to tell of state that connections share. */
  readonly watch: Watch | undefined;

  constructor(rulesChangeSets: boolean, watch?: Watch, tainted = new Doubted()) {
    this.watch = watch;
    this.#tainted = tainted;
    this.#steady = rulesChangeSets ? STEADY_BUT_SETS : STEADY;
  }

  get<T>(key: string): T | undefined {
    this.#check(key);
    const value = this.#keyed.get(key) as T | undefined;
    if (value === undefined && this.isMissed(key))
      throw new Undecided("what was learned before, of which there was so much that some of it was let go of");
    return value;
  }

  /** Whether something that was kept had to go before its time, as there was too much of the kind. */
  isMissed(key: string): boolean {
    return this.#ageing.isMissed(key, this.#now);
  }

  /** A value as it stands, in doubt or not. */
  peek<T>(key: string): T | undefined {
    return this.#keyed.get(key) as T | undefined;
  }

  set<T>(key: string, value: T): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#keyed.get(key));
    if (!UNASKED.test(key)) this.#age++;
    if (!key.startsWith("ct|")) {
      if (this.watch && !OWN.test(key)) this.watch.shared("state changed that connections share");
    }
    if (value === undefined) this.#keyed.delete(key);
    else this.#keyed.set(key, value);
  }

  /** The value of a cell. */
  read<T>(cell: Cell<T>): T | undefined {
    if (!this.#tainted.isEmpty) this.#check(cell.name);
    return cell.value;
  }

  write<T>(cell: Cell<T>, value: T | undefined): void {
    if (!this.#cells.includes(cell)) {
      this.#cells.push(cell);
      this.#valuesBefore.push(cell.value);
    }
    cell.value = value;
  }

  /** Throws when a cell that does not stand was left in doubt. */
  checkAbsent(name: () => string): void {
    if (!this.#tainted.isEmpty) this.#check(name());
  }

  /** To be called before a restorable object is changed. */
  change(object: Restorable): void {
    if (!this.#tainted.isEmpty) {
      const reason = this.#tainted.of(object.stateKey);
      if (reason !== undefined) throw new Undecided(reason);
    }
    if (this.#objects.includes(object)) return;
    this.#objects.push(object);
    this.#copies.push(object.copyState());
  }

  /** Throws when a cell or an object was left in doubt by an earlier packet. */
  #check(key: string): void {
    if (this.#tainted.isEmpty && this.#ruleStateTaint === undefined) return;
    const reason = this.#tainted.of(key) ?? (this.#steady.test(key) ? undefined : this.#ruleStateTaint);
    if (reason !== undefined) throw new Undecided(reason);
  }

  checkObject(object: Restorable): void {
    if (this.isDoubtful) this.#check(object.stateKey);
  }

  /** Whether anything is in doubt. */
  get isDoubtful(): boolean {
    return !this.#tainted.isEmpty || this.#ruleStateTaint !== undefined;
  }

  /** Grows with every change of a cell that a further packet of a connection may go by, one that is undone later included. */
  get age(): number {
    return this.#age;
  }

  /** What has changed since the last commit. */
  changes(): readonly Change[] {
    const connections: Change[] = [...this.#cells, ...this.#objects];
    return this.#before.size > 0 ? [...this.#before.keys(), ...connections] : connections;
  }

  /** Forgets the journal: what was changed stays. */
  commit(): void {
    if (this.#before.size > 0) {
      for (const key of this.#before.keys()) this.#ageing.note(key, this.#keyed.get(key));
      this.#before.clear();
    }
    clear(this.#cells);
    clear(this.#valuesBefore);
    clear(this.#objects);
    clear(this.#copies);
  }

  /** Lets go of what has run out; to be called between two packets. `over` is told of each, and may change others. */
  sweep(now: bigint, over: (key: string, value: unknown) => void): void {
    this.#now = now;
    const names = this.#ageing.over(now);
    if (names.length === 0) return;
    for (const name of names) {
      const value = this.#keyed.get(name);
      this.#keyed.delete(name);
      over(name, value);
    }
    this.commit();
  }

  /** Undoes everything since the last commit. */
  rollback(): void {
    for (const [key, value] of this.#before) {
      if (value === undefined) this.#keyed.delete(key);
      else this.#keyed.set(key, value);
    }
    for (const [i, cell] of this.#cells.entries()) cell.value = this.#valuesBefore[i];
    for (const [i, object] of this.#objects.entries()) Object.assign(object, this.#copies[i]);
    this.commit();
  }

  /** What has changed since the last commit, to be left again after it was undone. */
  leftBehind(): LeftBehind {
    const keyed = new Map<string, unknown>();
    const cells = new Map<Cell, unknown>();
    const objects = new Map<Restorable, object>();
    for (const key of this.#before.keys()) keyed.set(key, this.#keyed.get(key));
    for (const cell of this.#cells) cells.set(cell, cell.value);
    for (const object of this.#objects) objects.set(object, object.copyState());
    return { keyed, cells, objects };
  }

  /** Leaves what was undone once more. */
  leave({ keyed, cells, objects }: LeftBehind): void {
    for (const [key, value] of keyed) this.set(key, value);
    for (const [cell, value] of cells) this.write(cell, value);
    for (const [object, copy] of objects) {
      this.change(object);
      Object.assign(object, copy);
    }
  }

  /** What was learned on all ways of a packet as far as they are known has come to pass, though it was undone; where they differ it is in doubt. */
  keep(ways: readonly (LeftBehind | undefined)[], reason: string): void {
    const learned = ways.map((way) => way?.keyed);
    for (const key of new Set(learned.flatMap((keyed) => [...(keyed?.keys() ?? [])]))) {
      if (!IS_LEARNED.test(key)) continue;
      if (key.startsWith(BOUNDS)) {
        this.set(key, learned.find((keyed) => keyed?.has(key))?.get(key));
        continue;
      }
      const value = learned[0]?.get(key);
      const same = (other: unknown) => other === value || describe(other) === describe(value);
      if (learned.every((keyed) => keyed?.has(key) === true && same(keyed.get(key)))) this.set(key, value);
      else this.taint(key, reason);
    }
  }

  /** What has changed since the last commit, in a form that can be compared between ways. */
  effects(): Map<string, string> {
    const effects = new Map<string, string>();
    for (const key of this.#before.keys()) if (!key.startsWith(BOUNDS)) effects.set(key, describe(this.#keyed.get(key)));
    for (const cell of this.#cells) effects.set(cell.name, describe(cell.value));
    for (const object of this.#objects) effects.set(object.stateKey, describe(object));
    return effects;
  }

  taint(key: string, reason: string): void {
    if (!key.startsWith("ct|")) this.watch?.shared("state is in doubt that connections share");
    this.#tainted.set(key, reason);
  }

  /** After a packet whose whole path is not known: any limit, counter or set may have been touched by it. */
  taintRuleState(reason: string): void {
    this.watch?.shared("a packet could not be followed to its end");
    this.#ruleStateTaint ??= reason;
  }
}

function describe(value: unknown): string {
  return (
    JSON.stringify(value, (key, part) => {
      if (typeof part === "bigint") return `${part}n`;
      if (part instanceof Map) return [...part];
      if (key === "master") return (part as Restorable | undefined)?.stateKey;
      return part;
    }) ?? "undefined"
  );
}
