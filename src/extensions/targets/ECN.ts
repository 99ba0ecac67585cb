import { TCP_FLAG } from "../../model/packet.ts";
import { FLAG } from "../codecs.ts";
import { over } from "../draw.ts";
import { target } from "../spec.ts";

/** ipt_ECN.c, ecn_tg. */
const ecn = target({
  name: "ECN",
  families: [4],
  tables: ["mangle"],
  options: { remove: { flag: "--ecn-tcp-remove", codec: FLAG, required: true } },
  explain: () => "clear the TCP flags ECE and CWR",
  compile:
    () =>
    ({ packet }) => {
      const tcp = packet.transport?.kind === "tcp" ? packet.transport : undefined;
      if (!tcp || (tcp.flags & (TCP_FLAG.ECE | TCP_FLAG.CWR)) === 0) return { verdict: "CONTINUE" };
      return { verdict: "CONTINUE", effects: [{ kind: "set-tcp-flags", value: tcp.flags & ~(TCP_FLAG.ECE | TCP_FLAG.CWR) }] };
    },
  draw: (d) => (over(d, "tcp") ? "-j ECN --ecn-tcp-remove" : undefined),
  doc: "Clears the flags of explicit congestion notification in a TCP header.",
  examples: [
    { rule: "-p tcp -j ECN --ecn-tcp-remove", says: "clear the TCP flags ECE and CWR" },
    { rule: "-p tcp -m tcp --dport 80 -j ECN --ecn-tcp-remove", says: "clear the TCP flags ECE and CWR" },
  ],
});

export const specs = [ecn];
