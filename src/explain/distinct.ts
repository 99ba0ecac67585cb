/** Members that may be told apart exactly, shared by all that count from one budget. */
export class Budget {
  left: number;

  constructor(members: number) {
    this.left = members;
  }
}

const BITS = 12;
const REGISTERS = 1 << BITS;
const BIAS = 0.7213 / (1 + 1.079 / REGISTERS);

/** A number mixed into 32 bits, none of which hangs on its order (the last step of MurmurHash3). */
function mixed(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number for a text (FNV-1a). */
export function numberOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Counts different numbers in 4 KiB, to within some 2 % (HyperLogLog: Flajolet and others, 2007). */
export class Estimate {
  readonly #registers = new Uint8Array(REGISTERS);

  /** Takes a number, new or not. */
  add(value: number): void {
    const hash = mixed(value);
    const register = hash >>> (32 - BITS);
    const rank = Math.clz32((hash << BITS) | (1 << (BITS - 1))) + 1;
    if (rank > (this.#registers[register] ?? 0)) this.#registers[register] = rank;
  }

  /** About how many different numbers there were. */
  get size(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const raw = (BIAS * REGISTERS * REGISTERS) / sum;
    return Math.round(raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }
}

/** Counts different numbers: exactly while the budget lasts, then to within some 2 % in memory that does not grow. */
export class Distinct {
  readonly #budget: Budget;
  #members: Set<number> | undefined = new Set();
  #estimate: Estimate | undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Takes a number, new or not. */
  add(value: number): void {
    const members = this.#members;
    if (!members) this.#estimate?.add(value);
    else if (!members.has(value)) {
      if (this.#budget.left > 0 || members.size === 0) {
        members.add(value);
        this.#budget.left--;
      } else {
        this.#estimate = new Estimate();
        for (const member of members) this.#estimate.add(member);
        this.#estimate.add(value);
        this.release();
      }
    }
  }

  /** Gives back what it took of the budget. */
  release(): void {
    this.#budget.left += this.#members?.size ?? 0;
    this.#members = undefined;
  }

  /** How many different numbers there were. */
  get size(): number {
    return this.#members?.size ?? this.#estimate?.size ?? 0;
  }

  /** Whether the size is one to within some 2 %. */
  get about(): boolean {
    return this.#members === undefined;
  }
}
