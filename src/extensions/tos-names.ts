import { type Masked, masked, word } from "./codecs.ts";
import type { Draw } from "./draw.ts";

const SYMBOLS: Readonly<Record<string, number>> = {
  "minimize-delay": 0x10,
  "maximize-throughput": 0x08,
  "maximize-reliability": 0x04,
  "minimize-cost": 0x02,
  "normal-service": 0x00,
};

const NUMERIC = masked(8, true);

/** `value[/mask]`, or one of the names of RFC 1349, which stand for the six lower bits. */
export const TOS_VALUE = word<Masked>(
  `value/mask of 8 bits or one of ${Object.keys(SYMBOLS).join(", ")}`,
  (text) => {
    const symbol = SYMBOLS[text.toLowerCase()];
    return symbol === undefined ? NUMERIC.parse([text]) : { value: symbol, mask: 0x3f };
  },
  NUMERIC.save,
);

/** A value that traffic may have, and the bits that count. */
export function drawTos(d: Draw): string {
  const mask = d.pick([0xff, 0xff, 0x3f, 0x03, 0x00]);
  const value = d.pick([0x00, 0x08, 0x10, 0xb8, 0x01, 0xff]);
  return TOS_VALUE.save({ value: d.chance(8) ? value : value & mask, mask });
}
