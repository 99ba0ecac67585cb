import type { Device } from "../model/host.ts";
import type { Parsed } from "../model/problem.ts";
import { deviceOfJson, deviceSchema } from "./ip-addr.ts";
import { readLinksText } from "./ip-link-text.ts";
import { readJsonList } from "./json.ts";

/** Reads `ip link` or `ip addr`, text or JSON, with `-d` or without. */
export function parseLinks(text: string, file: string): Parsed<Device[]> {
  if (!/^\s*[[{]/.test(text)) return readLinksText(text, file);
  const { value, problems } = readJsonList(text, file, deviceSchema);
  return { value: value.map((element) => deviceOfJson(element.value)), problems };
}

/** Whether `ip addr` wrote a text, and not `ip link`, which shows no addresses. */
export function showsAddresses(text: string): boolean {
  return /^\s*[[{]/.test(text) ? /"addr_info"\s*:/.test(text) : /(^|\s)inet6? \S+/m.test(text);
}
