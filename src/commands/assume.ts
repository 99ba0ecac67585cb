import { type FactKey, HOST_FACTS } from "../extensions/assumption.ts";
import { UsageFailure } from "./failure.ts";

/** Reads the values of `--assume`: what is taken for true about the host, by key. */
export function readAssumptions(given: readonly string[] | undefined): ReadonlyMap<string, string> {
  const assumed = new Map<string, string>();
  for (const text of given ?? []) {
    const equals = text.indexOf("=");
    const key = text.slice(0, Math.max(0, equals));
    const value = text.slice(equals + 1);
    if (equals < 0 || !(key in HOST_FACTS)) {
      throw new UsageFailure(`--assume expects KEY=VALUE with one of the keys ${Object.keys(HOST_FACTS).join(", ")}, found "${text}"`);
    }
    const fact = HOST_FACTS[key as FactKey];
    if (!fact.form.test(value)) throw new UsageFailure(`--assume ${key} expects ${fact.value}, found "${value}"`);
    if (assumed.has(key)) throw new UsageFailure(`--assume ${key} is given twice`);
    assumed.set(key, value);
  }
  return assumed;
}
