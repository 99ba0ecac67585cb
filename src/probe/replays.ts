import { formatAddress } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import type { Hook } from "../model/rule.ts";
import type { PacketTrace } from "../model/trace.ts";
import { makePacket } from "../wire/made-packet.ts";
import { packetCommand } from "./command.ts";
import type { Machine } from "./machine.ts";
import type { NaturalPacket } from "./natural-packet.ts";
import { arrivalOf, Sender } from "./sender.ts";

/** A packet that was replayed, and the command that does the same. */
export interface Replayed {
  readonly command: string;
  readonly trace: PacketTrace;
  readonly host: Host;
}

/** Replays a packet so that it comes to a hook, once with each of some facts; nothing where it cannot come in. */
export function* replays(
  machine: Machine,
  { description, in: input }: NaturalPacket,
  hook: Hook,
  variants: Iterable<readonly string[]>,
): Generator<Replayed> {
  const local = hook === "OUTPUT" || (hook === "POSTROUTING" && input === undefined);
  if (!local && input === undefined) return;
  const device = local ? undefined : input;
  for (const facts of variants) {
    const host = machine.host(facts);
    const devices = host.namespaces.get(machine.netns)?.devices;
    if (devices && !local && !devices.some(({ name }) => name === device)) continue;
    const [trace] = new Sender(host, machine.netns).send(arrivalOf(host, machine.netns, makePacket(description), device));
    const command = packetCommand({ description, in: device }, machine.words(facts, '"'));
    if (trace) yield { trace, host, command };
  }
}

/**
 * The facts with which a packet may come to a hook: none, then a route where nothing is known of the machine's own and standard input is not
 * read otherwise. `anywhere` is how the route to all addresses is written.
 */
export function* routesTo(
  machine: Machine,
  { description, in: input, out }: NaturalPacket,
  hook: Hook,
  anywhere = "default",
): Generator<readonly string[]> {
  yield [];
  const { routes, routes6 } = machine.host([]).namespaces.get(machine.netns) ?? {};
  const { after } = machine.words([]);
  if (routes || routes6 || after.includes("-") || after.includes("--snapshot")) return;
  if (hook === "INPUT") yield [`local ${formatAddress(description.dst)} dev ${input ?? "eth0"}`];
  else if (hook !== "PREROUTING" && out !== undefined) yield [`${anywhere} dev ${out}`];
}
