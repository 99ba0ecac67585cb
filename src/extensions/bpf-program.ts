/** One instruction of classic BPF (struct sock_filter). */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** XT_BPF_MAX_NUM_INSTR. */
const MOST = 64;
const MEMORY = 16;

/** Classes, sizes and modes of include/uapi/linux/bpf_common.h. */
export const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;
export const MODE = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;
export const SIZE: ReadonlyMap<number, 1 | 2 | 4> = new Map([
  [0x00, 4],
  [0x08, 2],
  [0x10, 1],
]);
export const X = 0x08;

/** Reads "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0": the number of instructions, and each as four numbers. */
export function parseProgram(text: string): readonly Instruction[] | undefined {
  const [count = "", ...parts] = text.split(",");
  if (parts.at(-1)?.trim() === "") parts.pop();
  if (!/^\s*\d+\s*$/.test(count) || parts.length !== Number(count) || parts.length < 1 || parts.length > MOST) return undefined;
  const program = parts.map((part): Instruction | undefined => {
    const found = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s*$/.exec(part);
    if (!found) return undefined;
    const [code, jt, jf, k] = found.slice(1).map(Number) as [number, number, number, number];
    return { code: code & 0xffff, jt: jt & 0xff, jf: jf & 0xff, k: Number(BigInt.asUintN(32, BigInt(k))) };
  });
  return program.includes(undefined) ? undefined : (program as Instruction[]);
}

/** Writes a program as iptables-save does. */
export function saveProgram(program: readonly Instruction[]): string {
  return [program.length, ...program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`)].join();
}

// net/core/filter.c, chk_code_allowed.
const ALLOWED: ReadonlySet<number> = new Set([
  ...[0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x94, 0x9c, 0x54, 0x5c, 0x44, 0x4c, 0xa4, 0xac, 0x64, 0x6c, 0x74, 0x7c, 0x84],
  ...[0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x81, 0x00, 0x01, 0xb1, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x06, 0x16],
  ...[0x05, 0x15, 0x1d, 0x35, 0x3d, 0x25, 0x2d, 0x45, 0x4d],
]);

function isFaulty({ code, jt, jf, k }: Instruction, at: number, length: number): boolean {
  if (!ALLOWED.has(code)) return true;
  const kind = code & 7;
  if (kind === CLASS.ALU && (code & X) === 0) {
    const operation = code & 0xf0;
    if ((operation === 0x30 || operation === 0x90) && k === 0) return true;
    return (operation === 0x60 || operation === 0x70) && k >= 32;
  }
  if (kind === CLASS.ST || kind === CLASS.STX || code === 0x60 || code === 0x61) return k >= MEMORY;
  if (kind !== CLASS.JMP) return false;
  const reach = length - at - 1;
  return code === 0x05 ? k >= reach : jt >= reach || jf >= reach;
}

/** Why the kernel refuses a program, if it does (net/core/filter.c, bpf_check_classic). */
export function programFault(program: readonly Instruction[]): string | undefined {
  const at = program.findIndex((instruction, i) => isFaulty(instruction, i, program.length));
  if (at >= 0) return `the kernel refuses instruction ${at + 1} of this program`;
  return ((program.at(-1)?.code ?? 0) & 7) === CLASS.RET ? undefined : "the kernel refuses a program that does not end with a return";
}
