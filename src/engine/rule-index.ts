import { matchSpec } from "../extensions/registry.ts";
import { isOfTransport, type Space } from "../extensions/space.ts";
import type { PacketContext } from "../extensions/spec.ts";
import { type Address, type Family, masked } from "../model/address.ts";
import { IPV6_HEADER, type Packet, PROTOCOL } from "../model/packet.ts";
import type { Rule } from "../model/rule.ts";
import { folded, mixed } from "./hash.ts";
import { UNKNOWN_DEVICE } from "./netns.ts";

/** Shorter chains are run through rule by rule. */
const SHORTEST = 16;
/** More ways to tell rules apart than these are not tried for each packet; the rules beyond are looked at always. */
const MOST_SHAPES = 48;
/** What has ports, though a packet may be too short to have them. */
const WITH_PORTS: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.dccp, PROTOCOL.sctp];

/** Which header values rules of one shape ask for, and under a hash of those values their places in the chain. */
interface Shape {
  readonly source: Address | undefined;
  readonly destination: Address | undefined;
  readonly protocol: boolean;
  readonly sport: boolean;
  readonly dport: boolean;
  readonly places: Map<number, number[]>;
}

/** The values that one rule asks for; several ports are so many keys. */
interface Wanted {
  readonly source?: { readonly address: Address; readonly mask: Address };
  readonly destination?: { readonly address: Address; readonly mask: Address };
  readonly protocol?: number;
  readonly sports?: readonly number[];
  readonly dports?: readonly number[];
}

/** Finds the rules of a chain that a packet can match, by what their specs say of the header values that they ask for. */
export class RuleIndex {
  readonly #shapes: Shape[] = [];
  readonly #always: number[] = [];

  constructor(rules: readonly Rule[], family: Family) {
    const known = new Map<string, Shape>();
    for (const [place, rule] of rules.entries()) {
      const wanted = wantedBy(rule, family);
      const name = nameOf(wanted);
      let shape = known.get(name);
      if (!shape && name !== "" && known.size < MOST_SHAPES) {
        shape = shapeOf(wanted);
        known.set(name, shape);
        this.#shapes.push(shape);
      }
      if (!shape) this.#always.push(place);
      else for (const key of keysOf(wanted)) enter(shape.places, key, place);
    }
  }

  /** Places of the rules that have to be looked at, in order. */
  candidates(packet: Packet): readonly number[] {
    const { src, dst, protocol, transport } = packet;
    const ports = transport && "sport" in transport ? transport : undefined;
    let found: readonly number[] = this.#always;
    for (const shape of this.#shapes) {
      if ((shape.sport || shape.dport) && !ports) continue;
      let key = 0;
      if (shape.source !== undefined) key = mixed(key, folded(masked(src, shape.source)));
      if (shape.destination !== undefined) key = mixed(key, folded(masked(dst, shape.destination)));
      if (shape.protocol) key = mixed(key, protocol);
      if (shape.sport && ports) key = mixed(key, ports.sport);
      if (shape.dport && ports) key = mixed(key, ports.dport);
      const places = shape.places.get(key);
      if (places) found = merged(found, places);
    }
    return found;
  }
}

/** Two lists in order, which have nothing in common, as one. */
function merged(some: readonly number[], others: readonly number[]): readonly number[] {
  if (some.length === 0) return others;
  const all = new Array<number>(some.length + others.length);
  let [i, j] = [0, 0];
  for (let at = 0; at < all.length; at++) {
    const [one, other] = [some[i], others[j]];
    if (other === undefined || (one !== undefined && one < other)) {
      all[at] = one as number;
      i++;
    } else {
      all[at] = other;
      j++;
    }
  }
  return all;
}

/** The index of a chain that is worth one. */
export function indexOf(rules: readonly Rule[], family: Family): RuleIndex | undefined {
  return rules.length < SHORTEST ? undefined : new RuleIndex(rules, family);
}

/** Whether everything that an index asks of a packet is known, so that what it leaves out cannot match, drop or ask anything. */
export function isIndexed({ packet, in: inside, out }: Pick<PacketContext, "packet" | "in" | "out">): boolean {
  if (packet.fragment || packet.defect !== undefined || inside === UNKNOWN_DEVICE || out === UNKNOWN_DEVICE) return false;
  if (packet.family === 6 && (packet.extensionHeaders !== undefined || packet.headerLength !== IPV6_HEADER)) return false;
  return (packet.transport !== undefined && "sport" in packet.transport) || !WITH_PORTS.includes(packet.protocol);
}

function wantedBy(rule: Rule, family: Family): Wanted {
  const { source, destination, protocol } = rule;
  const ports = protocol && !protocol.not ? portsOf(rule, family) : {};
  return {
    ...(source && !source.not && { source: source.value }),
    ...(destination && !destination.not && { destination: destination.value }),
    ...(protocol && !protocol.not && { protocol: protocol.value }),
    ...ports,
  };
}

/** Single ports that a rule asks for before it asks for anything that keeps state or is not known. */
function portsOf({ matches }: Rule, family: Family): Pick<Wanted, "sports" | "dports"> {
  let found: Pick<Wanted, "sports" | "dports"> = {};
  for (const { name, args } of matches) {
    const space: Space | undefined = args && matchSpec(name, family)?.space?.(args as never);
    if (!space || !isOfTransport(space)) return found;
    const [sports, dports] = [singles(space.sport), singles(space.dport)];
    found = { ...(sports && { sports }), ...(dports && { dports }), ...found };
  }
  return found;
}

function singles(ranges: Space["sport"]): readonly number[] | undefined {
  return ranges && ranges.length > 0 && ranges.every(([low, high]) => low === high) ? ranges.map(([low]) => low) : undefined;
}

function nameOf({ source, destination, protocol, sports, dports }: Wanted): string {
  const parts = [
    source && `s${source.mask}`,
    destination && `d${destination.mask}`,
    protocol !== undefined && "p",
    sports && "S",
    dports && "D",
  ];
  return parts.filter(Boolean).join("|");
}

function shapeOf({ source, destination, protocol, sports, dports }: Wanted): Shape {
  return {
    source: source?.mask,
    destination: destination?.mask,
    protocol: protocol !== undefined,
    sport: sports !== undefined,
    dport: dports !== undefined,
    places: new Map(),
  };
}

function keysOf({ source, destination, protocol, sports, dports }: Wanted): readonly number[] {
  let key = 0;
  if (source) key = mixed(key, folded(masked(source.address, source.mask)));
  if (destination) key = mixed(key, folded(masked(destination.address, destination.mask)));
  if (protocol !== undefined) key = mixed(key, protocol);
  const bySource = sports ? sports.map((port) => mixed(key, port)) : [key];
  return bySource.flatMap((one) => (dports ? dports.map((port) => mixed(one, port)) : [one]));
}

/** Other rules may have the same hash: they are looked at in vain. */
function enter(places: Map<number, number[]>, key: number, place: number): void {
  const list = places.get(key);
  if (!list) places.set(key, [place]);
  else if (list.at(-1) !== place) list.push(place);
}
