import { text } from "../codecs.ts";
import { EVERYTHING } from "../space.ts";
import { match } from "../spec.ts";

/** xt_comment.c, comment_mt: always matches. */
const comment = match({
  name: "comment",
  options: { comment: { flag: "--comment", codec: text(255), required: true } },
  explain: (args) => `comment "${args.comment?.value ?? ""}"`,
  reads: () => "nothing",
  compile: () => () => true,
  space: () => EVERYTHING,
  draw: (d) => `-m comment --comment ${d.pick(["foo", '"a b"', '"it\\\'s \\"so\\""', '"-j DROP"', '"!"', `"${"x".repeat(255)}"`])}`,
  doc: "A remark for the reader; matches every packet.",
  examples: [
    { rule: "-m comment --comment foo", says: 'comment "foo"' },
    { rule: '-m comment --comment "cali:a b"', says: 'comment "cali:a b"' },
  ],
});

export const specs = [comment];
