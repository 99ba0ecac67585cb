import type { Packet } from "../model/packet.ts";
import { TCP_FLAG } from "../model/packet.ts";
import { ANY_PORT, type Connection, type FlowTuple, tupleKey } from "./connection.ts";
import type { State } from "./state.ts";
import { Undecided } from "./undecided.ts";
import { zoneIn } from "./zone.ts";

/** Which port of a reply tuple was drawn at random and is not known: "dport" after source NAT, "sport" after destination NAT and for ICMP. */
export type OpenSide = "sport" | "dport";

const SIDES: readonly OpenSide[] = ["dport", "sport"];

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
    const side = openSide(connection.reply);
    if (!side) return false;
    this.#used = true;
    const key = this.#key(zoneIn(connection.zone, "reply"), connection.reply, side);
    this.#state.set(key, [...(this.#state.get<Connection[]>(key) ?? []), connection]);
    return true;
  }

  remove(connection: Connection): void {
    const side = openSide(connection.reply);
    if (!side) return;
    const key = this.#key(zoneIn(connection.zone, "reply"), connection.reply, side);
    const rest = this.#state.get<Connection[]>(key)?.filter((other) => other !== connection) ?? [];
    this.#state.set(key, rest.length > 0 ? rest : undefined);
  }

  /** The connection that an answer belongs to; the answer tells its port from now on. */
  answered(zone: number, tuple: FlowTuple, packet: Packet | undefined, now: bigint): Connection | undefined {
    if (!this.#used) return undefined;
    for (const side of SIDES) {
      const known = this.#state.get<Connection[]>(this.#key(zone, tuple, side)) ?? [];
      const fitting = known.filter((one) => !one.dying && one.expires > now && isAnswer(one, tuple[side], packet));
      const found = fitting[0];
      if (!found) continue;
      if (fitting.length > 1) {
        throw new Undecided(`which of ${fitting.length} connections it answers: the ports that NAT drew for them are not known`);
      }
      this.#state.checkObject(found);
      this.remove(found);
      this.#state.change(found);
      found.reply = { ...found.reply, [side]: tuple[side] };
      found.drawn = undefined;
      return found;
    }
    return undefined;
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
