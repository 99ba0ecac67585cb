import type { Packet } from "../model/packet.ts";
import { TCP_FLAG } from "../model/packet.ts";
import { ANY_PORT, type Connection, type FlowTuple, tupleKey } from "./connection.ts";
import type { State } from "./state.ts";
import { Undecided } from "./undecided.ts";
import { zoneIn } from "./zone.ts";

/** Which port of a reply tuple was drawn at random and is not known: "dport" after source NAT, "sport" after destination NAT and for ICMP. */
export type OpenSide = "sport" | "dport";

const SIDES: readonly OpenSide[] = ["dport", "sport"];

/** So many connections to one place are looked through for the one that an answer belongs to. */
const MOST = 64;

/** How far a TCP answer's numbers may lie from what it answers: more than any window in practice. */
const NEAR = 1 << 24;

/** The port of a tuple that is not known; undefined when both are. */
export function openSide(reply: FlowTuple): OpenSide | undefined {
  return SIDES.find((side) => reply[side] === ANY_PORT);
}

/** What all tuples have in common that differ in one port only. */
export function openKey(tuple: FlowTuple, side: OpenSide): string {
  return tupleKey({ ...tuple, [side]: ANY_PORT });
}

/** Connections of one namespace whose port NAT drew at random, until a packet tells it. */
export class OpenPorts {
  readonly #netns: string;
  readonly #state: State;
  #used = false;

  constructor(netns: string, state: State) {
    this.#netns = netns;
    this.#state = state;
  }

  #key(zone: number, tuple: FlowTuple, side: OpenSide): string {
    return `ct|open|${this.#netns}|${zone}|${openKey(tuple, side)}`;
  }

  /** Takes in a connection if a port of it is not known; says whether. */
  add(connection: Connection): boolean {
    const key = this.#keyOf(connection);
    if (key === undefined) return false;
    this.#used = true;
    const known = this.#state.get<readonly Connection[]>(key) ?? [];
    if (known.length >= MOST) this.#state.set(`${key}|more`, true);
    this.#state.set(key, [...known.slice(1 - MOST), connection]);
    if (connection.tcp) this.#state.set(`${key}|${connection.tcp.seen[0].end}`, connection);
    return true;
  }

  remove(connection: Connection): void {
    const key = this.#keyOf(connection);
    if (key === undefined) return;
    const rest = this.#state.get<readonly Connection[]>(key)?.filter((other) => other !== connection) ?? [];
    this.#state.set(key, rest.length > 0 ? rest : undefined);
    const numbered = connection.tcp && `${key}|${connection.tcp.seen[0].end}`;
    if (numbered !== undefined && this.#state.get(numbered) === connection) this.#state.set(numbered, undefined);
  }

  #keyOf({ zone, reply }: Connection): string | undefined {
    const side = openSide(reply);
    return side && this.#key(zoneIn(zone, "reply"), reply, side);
  }

  /** The connection that an answer belongs to; the answer tells its port from now on. */
  answered(zone: number, tuple: FlowTuple, packet: Packet | undefined, now: bigint): Connection | undefined {
    if (!this.#used) return undefined;
    for (const side of SIDES) {
      const found = this.#asked(this.#key(zone, tuple, side), tuple[side], packet, now);
      if (!found) continue;
      this.#state.checkObject(found);
      this.remove(found);
      this.#state.change(found);
      found.reply = { ...found.reply, [side]: tuple[side] };
      found.drawn = undefined;
      return found;
    }
    return undefined;
  }

  #asked(key: string, port: number, packet: Packet | undefined, now: bigint): Connection | undefined {
    const fits = (one: Connection) => !one.dying && one.expires > now && isAnswer(one, port, packet);
    const segment = packet?.transport?.kind === "tcp" ? packet.transport : undefined;
    const numbered = segment && this.#state.get<Connection>(`${key}|${segment.ack}`);
    if (numbered && fits(numbered)) return numbered;
    const fitting = (this.#state.get<readonly Connection[]>(key) ?? []).filter(fits);
    if (fitting.length > 1 || (fitting.length === 0 && this.#state.get(`${key}|more`))) {
      throw new Undecided("which connection it answers: there are several whose ports NAT drew and nothing tells");
    }
    return fitting[0];
  }
}

function isAnswer(connection: Connection, port: number, packet: Packet | undefined): boolean {
  const { drawn, tcp } = connection;
  if (drawn && (port < drawn.min || port > drawn.max)) return false;
  const segment = packet?.transport;
  if (segment?.kind !== "tcp" || !tcp) return true;
  if (!(segment.flags & TCP_FLAG.ACK)) return (segment.flags & TCP_FLAG.RST) !== 0;
  const distance = (segment.ack - tcp.seen[0].end) | 0;
  return tcp.state === "SYN_SENT" ? distance === 0 : Math.abs(distance) < NEAR;
}
