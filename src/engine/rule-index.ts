import type { Range } from "../extensions/codecs.ts";
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

/** One place in a chain, or several in order. */
type Places = number | number[];

/** Which header values rules of one shape ask for, and under a hash of those values their places in the chain. */
class Shape {
  readonly source: Address | undefined;
  readonly destination: Address | undefined;
  readonly protocol: boolean;
  readonly sport: boolean;
  readonly dport: boolean;
  readonly places = new Map<number, Places>();

  constructor({ source, destination, protocol, sports, dports }: Wanted) {
    this.source = source?.mask;
    this.destination = destination?.mask;
    this.protocol = protocol !== undefined;
    this.sport = sports !== undefined;
    this.dport = dports !== undefined;
  }

  isOf({ source, destination, protocol, sports, dports }: Wanted): boolean {
    return (
      this.source === source?.mask &&
      this.destination === destination?.mask &&
      this.protocol === (protocol !== undefined) &&
      this.sport === (sports !== undefined) &&
      this.dport === (dports !== undefined)
    );
  }

  /** Enters a place under the values that the rule there asks for; several ports are so many keys. */
  enter({ source, destination, protocol, sports, dports }: Wanted, place: number): void {
    let key = 0;
    if (source) key = mixed(key, folded(masked(source.address, source.mask)));
    if (destination) key = mixed(key, folded(masked(destination.address, destination.mask)));
    if (protocol !== undefined) key = mixed(key, protocol);
    if (!sports) {
      this.#enterPorts(key, dports, place);
      return;
    }
    for (const [port] of sports) this.#enterPorts(mixed(key, port), dports, place);
  }

  #enterPorts(key: number, ports: readonly Range[] | undefined, place: number): void {
    if (!ports) this.#enter(key, place);
    else for (const [port] of ports) this.#enter(mixed(key, port), place);
  }

  /** Other rules may have the same hash: they are looked at in vain. */
  #enter(key: number, place: number): void {
    const known = this.places.get(key);
    if (known === undefined) this.places.set(key, place);
    else if (typeof known !== "number") {
      if (known.at(-1) !== place) known.push(place);
    } else if (known !== place) this.places.set(key, [known, place]);
  }
}

/** The values that a rule asks for; ports are single ones. */
interface Wanted extends Ports {
  readonly source: Asked | undefined;
  readonly destination: Asked | undefined;
  readonly protocol: number | undefined;
}

interface Ports {
  readonly sports: readonly Range[] | undefined;
  readonly dports: readonly Range[] | undefined;
}

type Asked = NonNullable<Rule["source"]>["value"];

/** Finds the rules of a chain that a packet can match, by what their specs say of the header values that they ask for. */
export class RuleIndex {
  readonly #shapes: Shape[] = [];
  readonly #always: number[] = [];

  constructor(rules: readonly Rule[], family: Family) {
    for (const [place, rule] of rules.entries()) {
      const wanted = wantedBy(rule, family);
      const shape = this.#shapeOf(wanted);
      if (shape) shape.enter(wanted, place);
      else this.#always.push(place);
    }
  }

  #shapeOf(wanted: Wanted): Shape | undefined {
    const { source, destination, protocol, sports, dports } = wanted;
    if (!source && !destination && protocol === undefined && !sports && !dports) return undefined;
    for (const shape of this.#shapes) if (shape.isOf(wanted)) return shape;
    if (this.#shapes.length >= MOST_SHAPES) return undefined;
    const shape = new Shape(wanted);
    this.#shapes.push(shape);
    return shape;
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
      if (places !== undefined) found = merged(found, typeof places === "number" ? [places] : places);
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
  const isOfProtocol = protocol !== undefined && !protocol.not;
  const { sports, dports } = isOfProtocol ? portsOf(rule, family) : NO_PORTS;
  return {
    source: source?.not === false ? source.value : undefined,
    destination: destination?.not === false ? destination.value : undefined,
    protocol: isOfProtocol ? protocol.value : undefined,
    sports,
    dports,
  };
}

const NO_PORTS: Ports = { sports: undefined, dports: undefined };

/** Single ports that a rule asks for before it asks for anything that keeps state or is not known. */
function portsOf({ matches }: Rule, family: Family): Ports {
  let sports: readonly Range[] | undefined;
  let dports: readonly Range[] | undefined;
  for (const { name, args } of matches) {
    const space: Space | undefined = args && matchSpec(name, family)?.space?.(args as never);
    if (!space || !isOfTransport(space)) break;
    sports ??= singles(space.sport);
    dports ??= singles(space.dport);
  }
  return { sports, dports };
}

function singles(ranges: readonly Range[] | undefined): readonly Range[] | undefined {
  return ranges && ranges.length > 0 && ranges.every(([low, high]) => low === high) ? ranges : undefined;
}
