import { text } from "../codecs.ts";
import { says } from "../condition.ts";
import { not } from "../draw.ts";
import { match } from "../spec.ts";

/** xt_helper.c, helper_mt: it looks at the helper of the connection that announced this one. */
const helper = match({
  name: "helper",
  options: { helper: { flag: "--helper", codec: text(29), negatable: true, required: true } },
  explain: (args) =>
    says(args.helper, (name) => (name === "" ? "connection that a helper expected" : `connection that helper ${name} expected`)).join(""),
  compile:
    (args) =>
    ({ connection }) => {
      const not = args.helper?.not === true;
      const name = connection?.masterHelper;
      if (typeof name === "object") return name;
      const wanted = args.helper?.value ?? "";
      // No more than the helper's own name is compared.
      return (name !== undefined && (wanted === "" || wanted.startsWith(name))) !== not;
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
