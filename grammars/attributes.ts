import { EmbeddedActionsParser, Lexer } from "chevrotain";
import {
  AnyWord,
  type Attribute,
  faultMessages,
  keyword,
  keywordGroup,
  type LineRead,
  lexingOrder,
  lineReader,
  VALIDATION,
  type Word,
  wordOf,
} from "./words.ts";

/** A line that begins with some words and goes on with names, each with its value or alone. */
export interface AttributeLine {
  readonly heads: readonly Word[];
  /** The value of a name that ends the line is absent. */
  readonly attributes: readonly Attribute[];
}

const ValueName = keywordGroup("ValueName", "a name");

class AttributeParser extends EmbeddedActionsParser {
  readonly line: () => AttributeLine;

  constructor(tokens: ReturnType<typeof lexingOrder>, heads: number, expected: string) {
    super([...tokens, ValueName], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: faultMessages(expected, {}) });
    const head = this.RULE("head", () => wordOf(this.CONSUME(AnyWord)));
    this.line = this.RULE("line", (): AttributeLine => {
      const first: Word[] = [];
      const attributes: Attribute[] = [];
      for (let index = 0; index < heads; index++) first.push(this.subrule(index, head));
      this.MANY(() =>
        this.OR({
          // Every name is a word as well; the first alternative that fits is the right one.
          IGNORE_AMBIGUITIES: true,
          DEF: [
            {
              ALT: () => {
                const name = wordOf(this.CONSUME1(ValueName));
                const value = this.OPTION(() => wordOf(this.CONSUME2(AnyWord)));
                attributes.push({ name, values: value ? [value] : [] });
              },
            },
            { ALT: () => attributes.push({ name: wordOf(this.CONSUME3(AnyWord)), values: [] }) },
          ],
        }),
      );
      return { heads: first, attributes };
    });
    this.performSelfAnalysis();
  }
}

/** A reader of lines with so many words first, and then attributes; `values` are the names that have one. */
export function attributeReader(values: readonly string[], heads: number, expected: string): (text: string) => LineRead<AttributeLine> {
  const tokens = lexingOrder(values.map((name) => keyword(name, ValueName)));
  return lineReader(
    () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset" }),
    () => new AttributeParser(tokens, heads, expected),
  );
}
