import { hex, type Masked, masked, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { underMask } from "../marks.ts";
import { match } from "../spec.ts";

const NUMERIC = masked(32, false);
const COSMOS: Masked = { value: 0, mask: 0xffffffff };

/** Realm 0 is called "cosmos" in every /etc/iproute2/rt_realms. */
const REALM = word<Masked>(
  "a realm, or realm/mask",
  (text) => (text === "cosmos" ? COSMOS : NUMERIC.parse([text])),
  (value) => (value.value === COSMOS.value && value.mask === COSMOS.mask ? "cosmos" : NUMERIC.save(value)),
);

/** xt_realm.c, realm_mt. */
const realm = match({
  name: "realm",
  hooks: ["POSTROUTING", "FORWARD", "OUTPUT", "INPUT"],
  options: { realm: { flag: "--realm", codec: REALM, negatable: true, required: true } },
  explain: (args) =>
    says(args.realm, ({ value, mask }) => `routing realm ${hex(value)}${mask === 0xffffffff ? "" : ` in the bits ${hex(mask)}`}`).join(""),
  compile: (args) => (context) => holds(args.realm, (value) => underMask(context.realm, value)),
  draw: (d) => (d.family === 4 ? `-m realm ${not(d)}--realm ${d.pick(["cosmos", "0x1", "0x2", "0x2/0xff", "0x0/0x0"])}` : undefined),
  doc: "Realm of the packet's route.",
  examples: [
    { rule: "-m realm --realm cosmos", says: "routing realm 0x0" },
    { rule: "-m realm ! --realm 4", saved: "-m realm ! --realm 0x4", says: "not routing realm 0x4" },
  ],
});

export const specs = [realm];
