import { createReplay } from "../engine/replay.ts";
import { formatAddress } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import type { Hook, Ruleset } from "../model/rule.ts";
import type { PacketTrace } from "../model/trace.ts";
import { parseRoutesByFamily } from "../parse/ip-route.ts";
import { type NaturalPacket, naturalPacket } from "../probe/natural-packet.ts";
import type { Universe } from "../sets/guard.ts";
import { makeFrame, makePacket } from "../wire/made-packet.ts";
import type { Point } from "./point.ts";

/** A ruleset on its machine, and the words by which a command has the same. */
export interface Machine {
  readonly host: Host;
  readonly netns: string;
  readonly ruleset: Ruleset;
  /** "--rules", "old.rules" */
  readonly words: readonly string[];
}

/** A packet that was replayed, and the command that does the same. */
export interface Replayed {
  readonly command: string;
  readonly trace: PacketTrace;
  readonly host: Host;
}

/** Any time will do that no clock of a rule is asked for. */
const NOW = 1_700_000_000_000_000_000n;

/** Replays a packet so that it comes to a hook, first with what is known of the machine alone, then with a route where none is known. */
export function* replays(machine: Machine, universe: Universe, { box }: Point, hook: Hook): Generator<Replayed> {
  const packet = naturalPacket(box, universe);
  if (!packet) return;
  const local = hook === "OUTPUT" || (hook === "POSTROUTING" && packet.in === undefined);
  const mark = box.cubes[0]?.value ?? 0;
  if (!local && (packet.in === undefined || mark !== 0)) return;
  const entry = local
    ? ["--out-of-socket", ...(mark === 0 ? [] : ["--mark", `0x${mark.toString(16)}`])]
    : ["--in", quoted(packet.in as string)];
  for (const { host, before, after } of variants(machine, packet, hook)) {
    const devices = host.namespaces.get(machine.netns)?.devices;
    const own = local ? undefined : devices?.find(({ name }) => name === packet.in);
    if (devices && !local && !own) continue;
    const frame = makeFrame(makePacket(packet.description), 1, NOW, own?.mac, local ? undefined : packet.in);
    const replay = createReplay(host, { netns: machine.netns, capture: "", mark: local ? mark : 0 });
    const [trace] = [...replay.push(frame), ...replay.finish()];
    const command = [...before, "nettrace", "packet", ...packet.words, ...entry, ...machine.words.map(quoted), ...after].join(" ");
    if (trace) yield { trace, host, command };
  }
}

interface Variant {
  readonly host: Host;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function* variants(machine: Machine, packet: NaturalPacket, hook: Hook): Generator<Variant> {
  const { host, netns, ruleset, words } = machine;
  yield { host, before: [], after: [] };
  const namespace = host.namespaces.get(netns);
  const route = routeOf(packet, hook);
  if (!namespace || namespace.routes || namespace.routes6 || route === undefined || words.includes("-")) return;
  if (words.includes("--snapshot")) return;
  const { value } = parseRoutesByFamily(`${route}\n`, "-", ruleset.family);
  const routes = { ...(value.four.length > 0 && { routes: value.four }), ...(value.six.length > 0 && { routes6: value.six }) };
  const namespaces = new Map([...host.namespaces, [netns, { ...namespace, ...routes }]]);
  yield { host: { ...host, namespaces }, before: ["echo", `"${route}"`, "|"], after: ["--routes", "-"] };
}

/** A route that brings the packet to the hook. */
function routeOf({ description, in: input, out }: NaturalPacket, hook: Hook): string | undefined {
  if (hook === "INPUT") return `local ${formatAddress(description.dst)} dev ${input ?? "eth0"}`;
  return hook === "PREROUTING" || out === undefined ? undefined : `default dev ${out}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
