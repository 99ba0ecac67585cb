import { FLAG, parseNumber, word } from "../codecs.ts";
import { target } from "../spec.ts";

const LONGEST = 16;
const FOREVER = 0xffffffff;

const ID = word(
  `a name of 1 to ${LONGEST} characters`,
  (text) => (text !== "" && text.length <= LONGEST ? text : undefined),
  (name) => `"${name.replace(/["\\]/g, "\\$&")}"`,
);
const DELAY = word(
  "milliseconds, or inf",
  (text) => (/^inf/i.test(text) ? FOREVER : parseNumber(text)),
  (delay) => (delay === FOREVER ? "inf" : String(delay)),
);

/** xt_LED.c, led_tg. */
const led = target({
  name: "LED",
  does: "nothing",
  options: {
    id: { flag: "--led-trigger-id", codec: ID, required: true },
    delay: { flag: "--led-delay", codec: DELAY },
    blink: { flag: "--led-always-blink", codec: FLAG },
  },
  canonical: (args) => ({ ...args, delay: args.delay?.value === 0 ? undefined : args.delay }),
  explain: (args) => `flash the LED of trigger netfilter-${args.id?.value ?? ""}`,
  compile: () => () => ({ verdict: "CONTINUE" }),
  // Few kernels have it, and the others would refuse every ruleset with it.
  draw: () => undefined,
  doc: "Flashes a light of the machine.",
  examples: [
    { rule: "-j LED --led-trigger-id ssh", saved: '-j LED --led-trigger-id "ssh"', says: "flash the LED of trigger netfilter-ssh" },
    { rule: '-j LED --led-trigger-id "a b" --led-delay 42 --led-always-blink', says: "flash the LED of trigger netfilter-a b" },
    { rule: '-j LED --led-trigger-id "x" --led-delay inf', says: "flash the LED of trigger netfilter-x" },
    { rule: "-j LED --led-trigger-id x --led-delay 0", saved: '-j LED --led-trigger-id "x"', says: "flash the LED of trigger netfilter-x" },
  ],
});

export const specs = [led];
