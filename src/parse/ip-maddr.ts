import { z } from "zod";
import { attributeReader } from "../../grammars/attributes.ts";
import { quote } from "../../grammars/words.ts";
import { formatAddress, parseAddress } from "../model/address.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { isJson, readJsonList } from "./json.ts";
import { linesRead } from "./lines.ts";

/** An address that a device listens to. */
interface GroupAddress {
  /** "link", "inet" or "inet6" */
  readonly family: string;
  readonly address: string;
  readonly users?: number;
  readonly static?: boolean;
}

/** The groups that a device has joined (`ip maddr`). */
export interface DeviceGroups {
  readonly index: number;
  readonly name: string;
  readonly addresses: GroupAddress[];
}

const FAMILIES = ["link", "inet", "inet6"];
const readLine = attributeReader(["users"], 2, "users and a number, or static");

const schema = z.looseObject({
  ifindex: z.number(),
  ifname: z.string(),
  maddr: z.array(
    z.looseObject({
      link: z.string().nullish(),
      family: z.string().nullish(),
      address: z.string().nullish(),
      users: z.number().nullish(),
    }),
  ),
});

/** An address as it is usually written; those of the link layer have as many octets as they like. */
function written(family: string, text: string): string | undefined {
  if (family === "link") return /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*$/.test(text) ? text.toLowerCase() : undefined;
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}

function readText(text: string, file: string): Parsed<DeviceGroups[]> {
  const devices: DeviceGroups[] = [];
  const problems: Problem[] = [];
  for (const { words, report } of linesRead(text, file, readLine, problems)) {
    const [first, second] = words.heads;
    if (!first || !second) continue;
    const attributes = new Attributes(words.attributes, report);
    const device = devices.at(-1);
    if (/^\d+:$/.test(first.text)) {
      if (attributes.finish("nothing after the name of a device"))
        devices.push({ index: Number.parseInt(first.text, 10), name: second.text, addresses: [] });
    } else if (!FAMILIES.includes(first.text)) {
      attributes.fail(first, `expected a device (2: eth0), link, inet or inet6, found ${quote(first.text)}`);
    } else if (device) {
      const address = written(first.text, second.text);
      const [users, fixed] = [attributes.number("users"), attributes.has("static")];
      if (address === undefined) attributes.fail(second, `expected an address after ${first.text}, found ${quote(second.text)}`);
      if (!attributes.finish("users and a number, or static") || address === undefined) continue;
      device.addresses.push({ family: first.text, address, ...(users !== undefined && { users }), ...(fixed && { static: true }) });
    } else attributes.fail(first, "expected a device (2: eth0) before its addresses");
  }
  return { value: devices, problems };
}

/** Reads `ip maddr`, text or JSON. */
export function parseDeviceGroups(text: string, file: string): Parsed<DeviceGroups[]> {
  if (!isJson(text)) return readText(text, file);
  const { value, problems, report } = readJsonList(text, file, schema);
  const devices = value.map(({ value: { ifindex, ifname, maddr }, path }): DeviceGroups => {
    const addresses = maddr.flatMap((one, index): GroupAddress[] => {
      const family = one.link ? "link" : (one.family ?? "");
      const found = one.link ?? one.address ?? "";
      const address = written(family, found);
      if (address !== undefined) {
        const users = typeof one.users === "number" && { users: one.users };
        return [{ family, address, ...users, ...("static" in one && { static: true }) }];
      }
      report(`${path}.maddr[${index}]`, `expected an address, found ${quote(found)}`);
      return [];
    });
    return { index: ifindex, name: ifname, addresses };
  });
  return { value: devices, problems };
}
