import { type Attribute, LONGEST_LINE, type Word } from "./words.ts";

/** The words of a line, blanks of any kind between them. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  if (text.length > LONGEST_LINE) return words;
  for (const found of text.matchAll(/[^ \t\r\n\f\v]+/g)) words.push({ text: found[0], column: found.index + 1 });
  return words;
}

/**
 * The attributes that the words from `at` on are, where each is a name with one value or a flag alone; undefined for anything else. A grammar says the
 * same of such a line, but takes longer to build than a few lines to read.
 */
export function plainAttributes(
  words: readonly Word[],
  at: number,
  valued: ReadonlySet<string>,
  flags: ReadonlySet<string>,
): Attribute[] | undefined {
  const attributes: Attribute[] = [];
  for (let i = at; i < words.length; i++) {
    const name = words[i] as Word;
    if (flags.has(name.text)) attributes.push({ name, values: [] });
    else {
      const value = words[++i];
      if (!value || !valued.has(name.text)) return undefined;
      attributes.push({ name, values: [value] });
    }
  }
  return attributes;
}
