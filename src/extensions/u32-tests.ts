import { parseNumber } from "./codecs.ts";

/** One step of a location: what is done to the value so far. `@` goes on from the value as an offset. */
export interface Step {
  readonly operator: "&" | "<<" | ">>" | "@";
  readonly number: number;
}

/** Four octets of the packet, changed step by step, that must lie in one of the ranges. */
export interface U32Test {
  readonly start: number;
  readonly steps: readonly Step[];
  readonly values: readonly (readonly [number, number])[];
}

/** XT_U32_MAXSIZE, for numbers of a location, values and tests alike. */
const MOST = 10;
const NUMBER = String.raw`(0[xX][0-9a-fA-F]+|\d+)`;

function parseLocation(text: string): Pick<U32Test, "start" | "steps"> | undefined {
  const first = new RegExp(`^\\s*${NUMBER}\\s*`).exec(text);
  const start = parseNumber(first?.[1] ?? "");
  if (first === null || start === undefined) return undefined;
  const steps: Step[] = [];
  let rest = text.slice(first[0].length);
  while (rest !== "") {
    const next = new RegExp(`^(&|<<|>>|@)\\s*${NUMBER}\\s*`).exec(rest);
    const number = parseNumber(next?.[2] ?? "");
    if (next === null || number === undefined) return undefined;
    const operator = next[1] as Step["operator"];
    // The kernel refuses to shift by more (xt_u32.c, u32_mt_checkentry).
    if ((operator === "<<" || operator === ">>") && number > 31) return undefined;
    steps.push({ operator, number });
    rest = rest.slice(next[0].length);
  }
  return steps.length < MOST ? { start, steps } : undefined;
}

function parseValues(text: string): U32Test["values"] | undefined {
  const values = text.split(",").map((part) => {
    const [first = "", second, ...rest] = part.split(":").map((number) => number.trim());
    const low = parseNumber(first);
    const high = second === undefined ? low : parseNumber(second);
    return low === undefined || high === undefined || rest.length > 0 ? undefined : ([low, high] as const);
  });
  return values.length > MOST || values.includes(undefined) ? undefined : (values as [number, number][]);
}

/** Reads tests as libxt_u32.c does: "6 & 0xFF = 6 && 0 >> 22 & 0x3C @ 0 >> 16 = 80". */
export function parseU32(text: string): readonly U32Test[] | undefined {
  const tests = text.split("&&").map((part): U32Test | undefined => {
    const equals = part.indexOf("=");
    const location = equals < 0 ? undefined : parseLocation(part.slice(0, equals));
    const values = parseValues(part.slice(equals + 1));
    return location && values && { ...location, values };
  });
  return tests.length > MOST || tests.includes(undefined) ? undefined : (tests as U32Test[]);
}

const shown = (number: number) => `0x${number.toString(16)}`;

/** Writes tests as iptables-save does, all numbers in hexadecimal. */
export function saveU32(tests: readonly U32Test[]): string {
  const one = ({ start, steps, values }: U32Test) => {
    const location = steps.map(({ operator, number }) => `${operator}${shown(number)}`).join("");
    const ranges = values.map(([low, high]) => (low === high ? shown(low) : `${shown(low)}:${shown(high)}`)).join();
    return `${shown(start)}${location}=${ranges}`;
  };
  return tests.map(one).join("&&");
}
