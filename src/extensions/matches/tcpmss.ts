import { range } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { over, spanOption } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { match } from "../spec.ts";
import { mssOf } from "../tcp-mss.ts";
import { headerOf, tcpOptionsComplete } from "../transport.ts";

/** xt_tcpmss.c, tcpmss_mt. */
const tcpmss = match({
  name: "tcpmss",
  options: { mss: { flag: "--mss", codec: range(65535, "a size or a range (a:b)", true), negatable: true, required: true } },
  explain: (args) => says(args.mss, (value) => `TCP maximum segment size ${rangeWords(value)}`).join(""),
  compile: (args) => (context) => {
    const found = headerOf(context, "tcp");
    if (found.kind === "missing") return found.result;
    const tcp = found.header;
    const mss = mssOf(tcp);
    if (mss === undefined && !tcpOptionsComplete(context.packet, tcp)) return { unknown: "the TCP options, which were not captured" };
    return holds(args.mss, (value) => mss !== undefined && within(mss, value));
  },
  draw: (d) => (over(d, "tcp") ? `-m tcpmss ${spanOption(d, "--mss", d.pick([536, 1200, 1380, 1460]), 65_535)}` : undefined),
  doc: "The maximum segment size that a TCP SYN announces.",
  examples: [
    { rule: "-p tcp -m tcpmss --mss 1:1", saved: "-p tcp -m tcpmss --mss 1", says: "TCP maximum segment size 1" },
    { rule: "-p tcp -m tcpmss ! --mss 1400:65495", says: "not TCP maximum segment size 1400 to 65495" },
  ],
});

export const specs = [tcpmss];
