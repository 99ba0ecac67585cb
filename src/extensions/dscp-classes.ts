import { hexNumber, word } from "./codecs.ts";
import type { Draw } from "./draw.ts";

/** DSCP classes of RFC 2474, RFC 2597 and RFC 3246; each AF class has three drop precedences. */
function classes(): Readonly<Record<string, number>> {
  const found: Record<string, number> = { BE: 0, EF: 0x2e };
  for (let i = 0; i < 8; i++) found[`CS${i}`] = i << 3;
  for (let i = 1; i <= 4; i++) for (let j = 1; j <= 3; j++) found[`AF${i}${j}`] = (i << 3) | (j << 1);
  return found;
}

const CLASSES = classes();

/** `--dscp` and `--set-dscp`: a number of six bits. */
export const DSCP = hexNumber(63, 2);

/** `--dscp-class` and `--set-dscp-class`. */
export const DSCP_CLASS = word<number>("a DSCP class (BE, EF, CS0 to CS7, AF11 to AF43)", (text) => CLASSES[text.toUpperCase()], DSCP.save);

/** "0x2e (EF)". */
export function dscpWords(value: number): string {
  const name = Object.keys(CLASSES).find((key) => CLASSES[key] === value && key !== "BE");
  return `DSCP ${DSCP.save(value)}${name ? ` (${name})` : ""}`;
}

/** A code point that traffic may have. */
export function drawDscp(d: Draw): number {
  return d.pick([0, 0x08, 0x0a, 0x2e, 0x3f, d.integer(0, 0x3f)]);
}
