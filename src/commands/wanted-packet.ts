import type { NamedCapture } from "./captures.ts";
import { UsageFailure } from "./failure.ts";
import type { WantedPacket } from "./sinks.ts";

/** The packet that --packet means: its number, with the name of its capture when there are several. */
export function readWantedPacket(text: string, captures: readonly NamedCapture[]): WantedPacket {
  const [, capture, digits] = /^(?:(.+):)?(\d+)$/s.exec(text) ?? [];
  const number = Number(digits);
  if (!(number >= 1))
    throw new UsageFailure(`--packet: expected an integer from 1 on, or FILE:N for one of several captures, found "${text}"`);
  const names = captures.map(({ name }) => name);
  if (capture !== undefined && !names.includes(capture))
    throw new UsageFailure(`--packet ${capture}:${number}: there is no such capture; there is ${names.join(", ")}`);
  if (names.length < 2) return { number };
  if (capture === undefined)
    throw new UsageFailure(
      `--packet ${number}: say of which capture, --packet ${names.map((name) => `${name}:${number}`).join(" or --packet ")}`,
    );
  return { number, capture };
}
