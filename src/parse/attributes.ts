import { type Attribute, quote, shortened, type Word } from "../../grammars/words.ts";
import { formatAddress, parseAddress } from "../model/address.ts";
import { unsigned } from "./iproute2-names.ts";
import type { Report } from "./lines.ts";

/** The attributes of a line while they are read: what nobody asks for is reported at the end. */
export class Attributes {
  readonly #attributes: readonly Attribute[];
  readonly #report: Report;
  readonly #taken = new Set<Attribute>();
  failed = false;

  constructor(attributes: readonly Attribute[], report: Report) {
    this.#attributes = attributes;
    this.#report = report;
  }

  /** Whether a name stands there, which has no value. */
  has(name: string): boolean {
    const found = this.#find(name);
    return found !== undefined;
  }

  /** The value of a name. */
  word(name: string, what = "a value"): Word | undefined {
    const found = this.#find(name);
    if (found && !found.values[0]) this.fail(found.name, `expected ${what} after ${name}, found the end of the line`);
    return found?.values[0];
  }

  /** A value as it stands there. */
  text(name: string, what?: string): string | undefined {
    return this.word(name, what)?.text;
  }

  /** A value that is a number. */
  number(name: string): number | undefined {
    const word = this.word(name, "a number");
    const value = word && unsigned(word.text);
    if (word && value === undefined) this.fail(word, `expected a number after ${name}, found ${quote(word.text)}`);
    return value;
  }

  /** A value that is an address, as it is usually written. */
  address(name: string): string | undefined {
    const word = this.word(name, "an address");
    const address = word && parseAddress(word.text);
    if (word && address === undefined) this.fail(word, `expected an address after ${name}, found ${quote(word.text)}`);
    return address === undefined ? undefined : formatAddress(address);
  }

  /** The next word that no name has taken. */
  next(): Word | undefined {
    const found = this.#attributes.find((attribute) => !this.#taken.has(attribute));
    if (found) this.#taken.add(found);
    return found?.name;
  }

  /** Reports the first word that nobody has asked for; whether all is well. */
  finish(expected: string): boolean {
    const left = this.#attributes.find((attribute) => !this.#taken.has(attribute));
    if (left) this.fail(left.name, `expected ${expected}, found ${quote(left.name.text)}`);
    return !this.failed;
  }

  /** Notes that something is wrong with a word. */
  fail(word: Word, message: string): void {
    this.failed = true;
    this.#report({ ...word, text: word.text || " " }, message.length > 300 ? shortened(message) : message);
  }

  #find(name: string): Attribute | undefined {
    const found = this.#attributes.find((attribute) => attribute.name.text === name && !this.#taken.has(attribute));
    if (found) this.#taken.add(found);
    return found;
  }
}
