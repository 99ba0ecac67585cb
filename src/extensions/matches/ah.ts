import { holds, says } from "../condition.ts";
import { over, spanOption } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, match } from "../spec.ts";
import { SPI_RANGE, withoutAllSpis } from "../spi.ts";
import { headerOf } from "../transport.ts";

const options = { spi: { flag: "--ahspi", codec: SPI_RANGE, negatable: true } } as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { spi: withoutAllSpis(args.spi) };
}

/** ipt_ah.c, ah_mt. */
const ah = match({
  name: "ah",
  families: [4],
  options,
  canonical,
  explain: (args) => says(canonical(args).spi, (value) => `AH security association ${rangeWords(value)}`).join("") || "AH",
  compile: (args) => (context) => {
    const found = headerOf(context, "spi");
    return found.kind === "missing" ? found.result : holds(args.spi, (value) => within(found.header.spi, value));
  },
  draw: (d) => (over(d, "ah") ? `-m ah${d.chance(6) ? "" : ` ${spanOption(d, "--ahspi", d.integer(1, 4), 0xffffffff, true)}`}` : undefined),
  doc: "Security parameter index of an IPv4 authentication header.",
  examples: [
    { rule: "-p ah -m ah --ahspi 0", says: "AH security association 0" },
    { rule: "-p ah -m ah ! --ahspi 1:2", says: "not AH security association 1 to 2" },
  ],
});

export const specs = [ah];
