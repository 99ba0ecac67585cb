import { text } from "../codecs.ts";
import { says } from "../condition.ts";
import { not } from "../draw.ts";
import { match } from "../spec.ts";

/** xt_helper.c, helper_mt: it looks at the helper of the connection that expected this one. */
const helper = match({
  name: "helper",
  options: { helper: { flag: "--helper", codec: text(29), negatable: true, required: true } },
  explain: (args) =>
    says(args.helper, (name) => (name === "" ? "connection that a helper expected" : `connection that helper ${name} expected`)).join(""),
  compile:
    (args) =>
    ({ connection }) => {
      if (!connection?.status.expected) return args.helper?.not === true;
      return { unknown: "the helper of the connection that expected this one" };
    },
  draw: (d) => `-m helper ${not(d)}--helper ${d.pick(["ftp", "tftp", "ftp-2121", '""'])}`,
  doc: "Connections that a connection tracking helper expected.",
  examples: [
    { rule: "-m helper --helper ftp", says: "connection that helper ftp expected" },
    {
      rule: '-m helper ! --helper "ftp-2121"',
      saved: "-m helper ! --helper ftp-2121",
      says: "not connection that helper ftp-2121 expected",
    },
  ],
});

export const specs = [helper];
