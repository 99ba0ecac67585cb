import { Flags } from "@oclif/core";
import type { NamedCapture } from "./captures.ts";
import { UsageFailure } from "./failure.ts";
import type { WantedPacket } from "./sinks.ts";

/** The one packet that is wanted: its number, with the name of its capture when there are several. */
export const packetFlag = Flags.custom<WantedPacket>({
  summary: "one packet, with every step and the rules that did not match; of several captures FILE:N",
  helpValue: "N",
  parse: async (text) => {
    const [, capture, digits] = /^(?:(.+):)?(\d+)$/s.exec(text) ?? [];
    const number = Number(digits);
    if (!(number >= 1))
      throw new UsageFailure(`--packet: expected an integer from 1 on, or FILE:N for one of several captures, found "${text}"`);
    return { number, ...(capture !== undefined && { capture }) };
  },
});

/** The packet, if it is plain which one is meant. */
export function wantedOf({ number, capture }: WantedPacket, captures: readonly NamedCapture[]): WantedPacket {
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
