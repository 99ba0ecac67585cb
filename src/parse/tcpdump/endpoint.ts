import { quote, type Word } from "../../../grammars/words.ts";
import { SERVICES } from "../../extensions/services.ts";
import { type Address, type Family, familyOf, parseAddress } from "../../model/address.ts";
import type { Report } from "../lines.ts";

/** An address as tcpdump prints it, with the port behind its last dot. */
export interface Endpoint {
  readonly address: Address;
  readonly port?: number;
}

/** An address, or a name in its place. */
export type ReadEndpoint = Endpoint | "name";

const FORMS: readonly RegExp[] = [
  /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:\.([^.]+))?$/,
  /^([0-9a-f:]*:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:\.([^.]+))?$/i,
  /^([0-9a-f:]*:[0-9a-f:]*)(?:\.([^.]+))?$/i,
];
const LOCALHOST = /^(?:ip6-)?(?:localhost|loopback)(?:\.([^.]+))?$/;
const LOOPBACK: Readonly<Record<Family, Address>> = { 4: 0x7f000001, 6: 1n };

/** Reads one side of `192.0.2.1.http > 2001:db8::1.53:`; a word that is no address is a name. */
export function readEndpoint(word: Word, family: Family | undefined): ReadEndpoint {
  const match = FORMS.map((form) => form.exec(word.text)).find((found) => found && parseAddress(found[1] ?? "") !== undefined);
  const local = match ? undefined : LOCALHOST.exec(word.text);
  const address = match ? parseAddress(match[1] ?? "") : local ? LOOPBACK[family ?? 4] : undefined;
  if (address === undefined || (family !== undefined && familyOf(address) !== family)) return "name";
  const name = match ? match[2] : local?.[1];
  const port = name === undefined ? undefined : portOf(name);
  return port === undefined ? (name === undefined ? { address } : "name") : { address, port };
}

/** A port by number or name. A number beyond ports is the id of an RPC message, which old versions put there. */
export function portOf(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name) > 0xffff ? 0 : Number(name);
  return Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined;
}

/** What is said of a name where an address belongs. */
export function reportName(word: Word, report: Report): void {
  report(word, `expected an address, and a port by number or a name that is known (as tcpdump -n prints them), found ${quote(word.text)}`);
}
