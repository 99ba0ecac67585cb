import { CLASS, type Instruction, MODE, SIZE, X } from "./bpf-program.ts";
import { type Octets, unsignedAt } from "./packet-octets.ts";

/** What a program looks at. */
export interface BpfInput {
  readonly octets: Octets;
  /** Octets of the packet, captured or not. */
  readonly length: number;
  /** Words beside the packet by their number behind SKF_AD_OFF; undefined where that is not known. */
  readonly ancillary: (number: number) => number | undefined;
}

/** SKF_AD_OFF and SKF_NET_OFF of include/uapi/linux/filter.h, as unsigned numbers; the network header is where the packet begins. */
const ANCILLARY = 0xfffff000;
const NETWORK = 0xfff00000;
const LINK = 0xffe00000;

class Unknown extends Error {}
class End extends Error {}

/** Runs a program of classic BPF (net/core/filter.c); undefined where its result hangs on something that is not known. */
export function runProgram(program: readonly Instruction[], input: BpfInput): number | undefined {
  try {
    return new Machine(input).run(program);
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    // A load from behind the end ends the program with 0.
    if (error instanceof End) return 0;
    throw error;
  }
}

class Machine {
  readonly #input: BpfInput;
  readonly #memory: number[] = [];
  #a = 0;
  #x = 0;

  constructor(input: BpfInput) {
    this.#input = input;
  }

  run(program: readonly Instruction[]): number {
    for (let at = 0; ; at++) {
      const instruction = program[at];
      if (!instruction) throw new End();
      const { code, k } = instruction;
      switch (code & 7) {
        case CLASS.RET:
          return (code & 0x18) === 0x10 ? this.#a : k;
        case CLASS.JMP:
          at += this.#jump(instruction);
          break;
        default:
          this.#step(code, k);
      }
    }
  }

  #step(code: number, k: number): void {
    switch (code & 7) {
      case CLASS.LD:
        this.#a = this.#load(code, k);
        break;
      case CLASS.LDX:
        this.#x = this.#load(code, k);
        break;
      case CLASS.ST:
        this.#memory[k] = this.#a;
        break;
      case CLASS.STX:
        this.#memory[k] = this.#x;
        break;
      case CLASS.ALU:
        this.#a = this.#calculate(code & 0xf0, (code & X) === 0 ? k : this.#x) >>> 0;
        break;
      default:
        if ((code & 0x80) === 0) this.#x = this.#a;
        else this.#a = this.#x;
    }
  }

  #load(code: number, k: number): number {
    const size = SIZE.get(code & 0x18) ?? 4;
    switch (code & 0xe0) {
      case MODE.IMM:
        return k;
      case MODE.MEM:
        return this.#memory[k] ?? 0;
      case MODE.LEN:
        return this.#input.length;
      case MODE.MSH:
        return (this.#octets(k, 1) & 15) * 4;
      case MODE.IND:
        return this.#octets((this.#x + k) >>> 0, size);
      default:
        return k >= ANCILLARY ? this.#beside(k - ANCILLARY) : this.#octets(k, size);
    }
  }

  #beside(number: number): number {
    // SKF_AD_ALU_XOR_X is an operation in the disguise of a load.
    if (number === 40) return (this.#a ^ this.#x) >>> 0;
    const found = this.#input.ancillary(number);
    if (found === undefined) throw new Unknown();
    return found;
  }

  #octets(offset: number, size: 1 | 2 | 4): number {
    if (offset >= LINK && offset < NETWORK) throw new Unknown();
    const at = offset >= NETWORK ? offset - NETWORK : offset;
    if (at + size > this.#input.length) throw new End();
    const value = unsignedAt(this.#input.octets, at, size);
    if (value === undefined) throw new Unknown();
    return value;
  }

  #calculate(operation: number, by: number): number {
    const a = this.#a;
    switch (operation) {
      case 0x00:
        return a + by;
      case 0x10:
        return a - by;
      case 0x20:
        return Math.imul(a, by);
      case 0x30:
        if (by === 0) throw new End();
        return Math.floor(a / by);
      case 0x40:
        return a | by;
      case 0x50:
        return a & by;
      case 0x60:
        return a << (by & 31);
      case 0x70:
        return a >>> (by & 31);
      case 0x80:
        return -a;
      case 0x90:
        if (by === 0) throw new End();
        return a % by;
      default:
        return a ^ by;
    }
  }

  #jump({ code, jt, jf, k }: Instruction): number {
    const by = (code & X) === 0 ? k : this.#x;
    switch (code & 0xf0) {
      case 0x00:
        return k;
      case 0x10:
        return this.#a === by ? jt : jf;
      case 0x20:
        return this.#a > by ? jt : jf;
      case 0x30:
        return this.#a >= by ? jt : jf;
      default:
        return (this.#a & by) !== 0 ? jt : jf;
    }
  }
}
