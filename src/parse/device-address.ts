import type { AddressLine } from "../../grammars/ip-link.ts";
import { quote } from "../../grammars/words.ts";
import { familyOf, parseAddress, parsePrefix } from "../model/address.ts";
import type { DeviceAddress } from "../model/host.ts";
import { scopeName } from "./iproute2-names.ts";
import type { Report } from "./lines.ts";

const NAMED_SCOPES = new Set<string>(["global", "link", "host", "site"]);

/** A scope of the model; a number of one's own counts as the next wider one that has a name (rtnetlink.h, RT_SCOPE_UNIVERSE …). */
export function addressScope(text: string): DeviceAddress["scope"] {
  const name = scopeName(text);
  if (NAMED_SCOPES.has(name)) return name as DeviceAddress["scope"];
  const number = Number(text);
  if (name === "nowhere" || number > 254) return "host";
  return number > 253 ? "link" : number >= 200 ? "site" : "global";
}

/** What an `inet` or `inet6` line says; undefined, with a report, when its address is not one. */
export function readAddressLine(line: AddressLine, report: Report): DeviceAddress | undefined {
  const family = line.family.text === "inet" ? 4 : 6;
  const expected = `an IPv${family} address and its prefix length`;
  const local = parsePrefix(line.address.text);
  if (!local || familyOf(local.address) !== family) {
    report(line.address, `expected ${expected} after ${line.family.text}, found ${quote(line.address.text)}`);
    return undefined;
  }
  let { length } = local;
  let scope: DeviceAddress["scope"] = "global";
  const more: {
    broadcast?: DeviceAddress["address"];
    peer?: DeviceAddress["address"];
    secondary?: true;
    deprecated?: true;
    tentative?: true;
  } = {};
  for (const { name, values } of line.attributes) {
    const value = values[0];
    if (name.text === "secondary" || name.text === "deprecated" || name.text === "tentative") more[name.text] = true;
    if (!value) continue;
    if (name.text === "scope") scope = addressScope(value.text);
    if (name.text === "brd") {
      const broadcast = parseAddress(value.text);
      if (broadcast === undefined) report(value, `expected an address after brd, found ${quote(value.text)}`);
      else more.broadcast = broadcast;
    }
    if (name.text === "peer") {
      const peer = parsePrefix(value.text);
      if (!peer) report(value, `expected ${expected} after peer, found ${quote(value.text)}`);
      else [more.peer, length] = [peer.address, peer.length];
    }
  }
  return { address: local.address, length, scope, ...more };
}
