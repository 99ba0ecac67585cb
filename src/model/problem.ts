/** Kinds of problems of a ruleset that are told apart from all others. */
export type ProblemKind = "chain" | "commit" | "loop" | "place" | "policy" | "protocol";

/** Something wrong in an input: where it is, what was found and what was expected. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Octet in a binary file. */
  readonly offset?: number;
  /** "expected a port, a range (a:b) or a service name after --dport, found "80,443"" */
  readonly message: string;
  /** The offending line, for the code frame. */
  readonly source?: string;
  /** Number of characters that the caret underlines, from `column`. */
  readonly span?: number;
  /** A suggestion, in a sentence. */
  readonly hint?: string;
  readonly kind?: ProblemKind;
}

/** What every parser returns: the value as far as it could be read, and all problems. Parsers never throw on input. */
export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}
