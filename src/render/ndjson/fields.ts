import { type Address, formatAddress, formatMac, type Mac } from "../../model/address.ts";

/** A JSON object; `undefined` values are left out when it is written, and null never occurs. */
export type Json = Record<string, unknown>;

/** How addresses are written: plainly, or by one that remembers. */
export interface Spelling {
  address(address: Address): string;
  mac(mac: Mac): string;
}

/** Addresses as they are written everywhere. */
export const PLAIN: Spelling = { address: formatAddress, mac: formatMac };

type Value<T> = (of: T, spelling: Spelling) => string | number | boolean | object | undefined;

interface Field<T> {
  readonly key: string;
  readonly first: string;
  readonly next: string;
  readonly value: Value<T>;
}

/** Fields of a JSON object in their order, as an object and as the same text that JSON.stringify would make of that. */
export class Fields<T> {
  readonly #fields: readonly Field<T>[];

  constructor(values: Readonly<Record<string, Value<T>>>) {
    this.#fields = Object.entries(values).map(([key, value]) => ({ key, first: `"${key}":`, next: `,"${key}":`, value }));
  }

  /** The fields with their values, undefined ones among them. */
  object(of: T): Json {
    const object: Json = {};
    for (const { key, value } of this.#fields) object[key] = value(of, PLAIN);
    return object;
  }

  /** The fields as JSON without the braces around them. */
  text(of: T, spelling: Spelling): string {
    let text = "";
    for (const { first, next, value } of this.#fields) {
      const one = value(of, spelling);
      if (one !== undefined) text += (text === "" ? first : next) + jsonText(one);
    }
    return text;
  }

  /** The same text in pieces: what stands before, between and behind the values of some of the fields, which are always there. */
  around(of: T, spelling: Spelling, ...left: readonly string[]): string[] {
    const pieces = [""];
    let separator = "";
    for (const { key, value } of this.#fields) {
      const isLeft = left.includes(key);
      const one = isLeft ? "" : value(of, spelling);
      if (one === undefined) continue;
      pieces[pieces.length - 1] += `${separator}"${key}":${isLeft ? "" : jsonText(one)}`;
      if (isLeft) pieces.push("");
      separator = ",";
    }
    return pieces;
  }
}

/** The fields of a flat object as JSON without the braces around them. */
export function ownFields(object: object): string {
  let text = "";
  for (const key in object) {
    const value = (object as Readonly<Record<string, string | number | undefined>>)[key];
    if (value !== undefined) text += `${text === "" ? "" : ","}"${key}":${jsonText(value)}`;
  }
  return text;
}

/** Above this length V8 looks for what is to be escaped faster than a loop does. */
const SHORT = 48;

/** Whatever has a JSON text, as that. */
export function jsonText(value: string | number | boolean | object): string {
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "null";
  if (typeof value !== "string" || value.length > SHORT) return JSON.stringify(value);
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(value);
  }
  return `"${value}"`;
}

/** Fields after fields, of which some may be none. */
export function list(first: string, ...others: readonly string[]): string {
  let text = first;
  for (const one of others) if (one !== "") text += `,${one}`;
  return text;
}
