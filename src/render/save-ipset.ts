import type { IpSet } from "../model/host.ts";

/** A word as ipset writes it: in quotes where it is a comment. */
function words(options: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [name, value] of options) text += ` ${name}${name === "comment" && value !== "" ? ` "${value}"` : value && ` ${value}`}`;
  return text;
}

/** Sets line by line as `ipset save` prints them (ipset session.c); lists of sets come last, behind what they name (ip_set_core.c, ip_set_dump_do). */
export function* ipsetLines(sets: readonly IpSet[]): Generator<string> {
  const isList = ({ type }: IpSet) => type === "list:set";
  for (const { name, type, options, entries } of [...sets.filter((set) => !isList(set)), ...sets.filter(isList)]) {
    yield `create ${name} ${type}${words(options)}`;
    for (const { element, options: extras } of entries) yield `add ${name} ${element}${words(extras)}`;
  }
}
