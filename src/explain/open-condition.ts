/** A condition that a replay had to fork on, without the reason in its parentheses. */
interface OpenCondition {
  readonly text: string;
  /** What was not known: "whether 192.0.2.10 is an address of host (--links or --routes)". */
  readonly unknown: string;
}

/** Splits "nat PREROUTING 1 matches (not known: whether … )" in its halves. */
export function readCondition(words: string): OpenCondition {
  const match = /^(.*?) \(not known: (.*)\)$/.exec(words);
  if (match) return { text: match[1] ?? words, unknown: match[2] ?? words };
  if (words.startsWith("it came in on")) return { text: words, unknown: "which device it came in on (--interface)" };
  if (words.startsWith("it leaves by")) return { text: words, unknown: "which device it leaves by (--routes)" };
  return { text: words, unknown: words };
}

/** What tells a choice that was left to chance. */
export const WOULD_TELL = "A capture of all devices (-i any), an answer in the capture, or conntrack -L taken meanwhile would tell";
