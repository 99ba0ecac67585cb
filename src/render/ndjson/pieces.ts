/** What is written: text, or the octets of one that is written again and again, which are copied several times as fast. */
export type Piece = string | Uint8Array;

/** What lines are written to, piece by piece. */
export interface Pieces {
  put(piece: Piece): void;
  /** Puts a whole number that is not negative. */
  number(value: number): void;
}

/** A text to be written again and again. */
export function octetsOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** A text in one piece: V8 keeps a sum of texts as a tree, which takes more room, and is walked through whenever it is written. */
export function flat(text: string): string {
  return [text, ""].join("");
}
