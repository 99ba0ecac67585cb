import { word } from "../codecs.ts";
import { target } from "../spec.ts";

const LONGEST = 255;

const CONTEXT = word(
  `a security context of at most ${LONGEST} characters`,
  (text) => (text !== "" && text.length <= LONGEST ? text : undefined),
  (context) => context,
);

/** xt_SECMARK.c, secmark_tg: it needs SELinux, without which the kernel refuses the rule. */
const secmark = target({
  name: "SECMARK",
  does: "something",
  tables: ["mangle", "security"],
  options: { selctx: { flag: "--selctx", codec: CONTEXT, required: true } },
  explain: (args) => `set the security mark ${args.selctx?.value ?? ""}`,
  compile: () => () => ({ verdict: "CONTINUE" }),
  // Few kernels have SELinux, and the others would refuse every ruleset with it.
  draw: () => undefined,
  doc: "Sets the SELinux security context of the packet.",
  examples: [
    { rule: "-j SECMARK --selctx system_u:object_r:http_packet_t:s0", says: "set the security mark system_u:object_r:http_packet_t:s0" },
    {
      rule: "-p tcp -m tcp --dport 80 -j SECMARK --selctx system_u:object_r:a_t:s0",
      says: "set the security mark system_u:object_r:a_t:s0",
    },
  ],
});

export const specs = [secmark];
