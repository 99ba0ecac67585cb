import { ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";

const path = process.env["FUZZ_CURRENT"];
const descriptor = path === undefined ? undefined : openSync(path, "w");
let before = "";

/** Notes the input that is read next: who watches finds it there when the process hangs or dies. */
export function noteCurrent(target: string, input: string | Uint8Array): void {
  if (descriptor === undefined) return;
  if (target !== before) writeFileSync(`${path}.name`, target);
  before = target;
  ftruncateSync(descriptor);
  if (typeof input === "string") writeSync(descriptor, input, 0, "utf8");
  else writeSync(descriptor, input, 0, input.length, 0);
}
