import type { IpSet } from "../model/host.ts";

/** A word as ipset writes it: in quotes where it is a comment. */
function words(options: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [name, value] of options) text += ` ${name}${name === "comment" && value !== "" ? ` "${value}"` : value && ` ${value}`}`;
  return text;
}

/** Sets line by line as `ipset save` prints them (ipset session.c). */
export function* ipsetLines(sets: readonly IpSet[]): Generator<string> {
  for (const { name, type, options, entries } of sets) {
    yield `create ${name} ${type}${words(options)}`;
    for (const { element, options: extras } of entries) yield `add ${name} ${element}${words(extras)}`;
  }
}
