import type { Host, Namespace } from "../model/host.ts";
import type { LintContext } from "./context.ts";
import type { Place, Related } from "./finding.ts";

const LINKS = ["ip-link.json", "ip-link.txt", "ip-addr.json", "ip-addr.txt"];
const SYSCTLS = ["sysctl.txt"];

/** The namespaces of a host, none where there is no snapshot. */
export function namespacesOf({ host }: { readonly host?: Host }): readonly Namespace[] {
  return host ? [...host.namespaces.values()] : [];
}

/** Where a snapshot first has some words, in one of its files about a namespace; undefined where it does not. */
function hostPlace({ files = [] }: LintContext, netns: string, names: readonly string[], words: RegExp): Place | undefined {
  for (const name of names) {
    const found = files.find((one) => one.netns === netns && one.name === name);
    for (const [index, text] of found?.lines.entries() ?? []) {
      const match = words.exec(text);
      if (found && match) {
        return { file: found.file, line: index + 1, column: match.index + 1, endColumn: match.index + 1 + match[0].length };
      }
    }
  }
  return undefined;
}

/** Where `ip link` or `ip addr` shows a device. */
export function devicePlace(context: LintContext, netns: string, device: string): Place | undefined {
  const name = escaped(device);
  return hostPlace(context, netns, LINKS, new RegExp(`(?<=^\\d+: )${name}(?=[@:])|(?<="ifname":\\s*")${name}(?=")`));
}

/** Where `sysctl -a` shows a setting. */
export function sysctlPlace(context: LintContext, netns: string, key: string): Place | undefined {
  return hostPlace(context, netns, SYSCTLS, new RegExp(`^\\s*${escaped(key)}\\s*=.*?(?=\\s*$)`));
}

/** Where routes are shown: the line that has some words, or the first one. */
export function routePlace(context: LintContext, netns: string, words: RegExp): Place | undefined {
  const names = ["ip-route.txt", "ip-route.json", "ip6-route.txt", "ip6-route.json"];
  return hostPlace(context, netns, names, words) ?? hostPlace(context, netns, names, /\S.*/);
}

/** A place with what is to be said of it, where it is known. */
export function relatedPlace(place: Place | undefined, message: string): readonly Related[] {
  return place ? [{ ...place, message }] : [];
}

/** A text as a pattern that fits nothing else. */
export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
