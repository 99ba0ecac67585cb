import { holds, says } from "../condition.ts";
import { over, spanOption } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, match } from "../spec.ts";
import { SPI_RANGE, withoutAllSpis } from "../spi.ts";
import { headerOf } from "../transport.ts";

const options = { spi: { flag: "--espspi", codec: SPI_RANGE, negatable: true } } as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { spi: withoutAllSpis(args.spi) };
}

/** xt_esp.c, esp_mt. */
const esp = match({
  name: "esp",
  options,
  canonical,
  explain: (args) => says(canonical(args).spi, (value) => `ESP security association ${rangeWords(value)}`).join("") || "ESP",
  compile: (args) => (context) => {
    const found = headerOf(context, "spi");
    return found.kind === "missing" ? found.result : holds(args.spi, (value) => within(found.header.spi, value));
  },
  draw: (d) =>
    over(d, "esp") ? `-m esp${d.chance(6) ? "" : ` ${spanOption(d, "--espspi", d.integer(1, 4), 0xffffffff, true)}`}` : undefined,
  doc: "Security parameter index of ESP.",
  examples: [
    {
      rule: "-p esp -m esp --espspi 0x100:",
      saved: "-p esp -m esp --espspi 256:4294967295",
      says: "ESP security association 256 to 4294967295",
    },
    { rule: "-p esp -m esp ! --espspi 5", says: "not ESP security association 5" },
    { rule: "-p esp -m esp --espspi 0:4294967295", saved: "-p esp -m esp", says: "ESP" },
  ],
});

export const specs = [esp];
