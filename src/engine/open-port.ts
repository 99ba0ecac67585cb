import { formatEndpoint } from "../model/endpoint.ts";
import type { Packet } from "../model/packet.ts";
import { endOf, showsAnswer, showsQuote } from "./answer.ts";
import type { Ask } from "./choices.ts";
import { ANY_PORT, type Connection, type FlowTuple, sameTuple, tupleHash, tupleKey } from "./connection.ts";
import type { State } from "./state.ts";
import { Undecided } from "./undecided.ts";
import { zoneIn } from "./zone.ts";

/** Which port of a reply tuple was drawn at random and is not known: "dport" after source NAT, "sport" after destination NAT and for ICMP. */
export type OpenSide = "sport" | "dport";

const SIDES: readonly OpenSide[] = ["dport", "sport"];

/** So many connections to one place are looked through for the one that an answer belongs to. */
const MOST = 64;

/** So many are asked for one by one. */
const MOST_ASKED = 8;

/** That a port was drawn from at least so many is left out of account where nothing else speaks for it. */
const UNLIKELY = 10_000;

/** What is held against connections whose port is not known: a packet that came back, or one that an ICMP error quotes. */
export interface Heard {
  readonly kind: "answer" | "quote";
  readonly packet: Packet;
}

/** The port of a tuple that is not known; undefined when both are. */
export function openSide(reply: FlowTuple): OpenSide | undefined {
  if (reply.dport === ANY_PORT) return "dport";
  return reply.sport === ANY_PORT ? "sport" : undefined;
}

/** What all tuples have in common that differ in one port only. */
function openKey(tuple: FlowTuple, side: OpenSide): string {
  return tupleKey({ ...tuple, [side]: ANY_PORT });
}

/** The hash of a tuple with one port left open. */
export function openHash(tuple: FlowTuple, side: OpenSide): number {
  return tupleHash(side === "sport" ? { ...tuple, sport: ANY_PORT } : { ...tuple, dport: ANY_PORT });
}

/** Connections of one namespace whose port NAT drew at random, until a packet tells it. */
export class OpenPorts {
  readonly #netns: string;
  readonly #state: State;
  readonly #ask: Ask;
  #used = false;

  constructor(netns: string, state: State, ask: Ask) {
    this.#netns = netns;
    this.#state = state;
    this.#ask = ask;
  }

  #key(zone: number, tuple: FlowTuple, side: OpenSide): string {
    return `ct|open|${this.#netns}|${zone}|${openKey(tuple, side)}`;
  }

  #toldKey(zone: number, tuple: FlowTuple, side: OpenSide): string {
    return `ct|told|${this.#netns}|${zone}|${openKey(tuple, side)}`;
  }

  /** Connections that were opened by packets whose port was not known, and are known by it now. */
  #told(zone: number, tuple: FlowTuple, side: OpenSide): readonly Connection[] {
    return this.#state.get<readonly Connection[]>(this.#toldKey(zone, tuple, side)) ?? [];
  }

  /** Takes in a connection if a port of it is not known; says whether. */
  add(connection: Connection): boolean {
    const key = this.#keyOf(connection);
    if (key === undefined) return false;
    this.#used = true;
    const known = this.#state.get<readonly Connection[]>(key) ?? [];
    if (known.length >= MOST) this.#state.set(`${key}|more`, true);
    this.#state.set(key, [...known.slice(1 - MOST), connection]);
    const numbered = numberedKey(key, connection);
    if (numbered !== undefined) this.#state.set(numbered, [...(this.#state.get<readonly Connection[]>(numbered) ?? []), connection]);
    return true;
  }

  remove(connection: Connection): void {
    const key = this.#keyOf(connection);
    if (key === undefined) return;
    for (const place of [key, numberedKey(key, connection)]) {
      const rest = place === undefined ? undefined : this.#state.get<readonly Connection[]>(place);
      if (place !== undefined && rest?.includes(connection)) {
        const others = rest.filter((other) => other !== connection);
        this.#state.set(place, others.length > 0 ? others : undefined);
      }
    }
  }

  #keyOf({ zone, reply }: Connection): string | undefined {
    const side = openSide(reply);
    return side && this.#key(zoneIn(zone, "reply"), reply, side);
  }

  /** The connection that a packet belongs to whose tuple is that of an answer; it tells the connection's port from now on. */
  answered(zone: number, tuple: FlowTuple, heard: Heard, now: bigint): Connection | undefined {
    if (!this.#used) return undefined;
    for (const side of SIDES) {
      const key = this.#key(zone, tuple, side);
      if (tuple[side] === ANY_PORT && this.#told(zone, tuple, side).some((one) => !one.dying && one.expires > now))
        throw new Undecided("the port that source NAT picked at random, which may be that of a connection here");
      if (tuple[side] === ANY_PORT && this.#state.get<readonly Connection[]>(key)?.some((one) => !one.dying && one.expires > now))
        throw new Undecided("the port that source NAT picks at random");
      const fitting = this.#fitting(key, tuple[side], now);
      const tied = [...new Set([...this.#numbered(key, tuple[side], heard, now), ...fitting.filter((one) => isTied(one, heard))])];
      const [only] = tied;
      if (only && tied.length === 1) return this.#settle(only, side, tuple[side]);
      if (tied.length === 0 && this.#state.get(`${key}|more`)) {
        throw new Undecided("which connection it answers: there are many whose ports NAT drew and nothing tells");
      }
      const found = this.#chosen(
        tied.length > 0 ? tied : fitting,
        side,
        tuple[side],
        (value) => `it ${value ? "answers" : "does not answer"}`,
      );
      if (found) return found;
    }
    return undefined;
  }

  /** Whether a packet, were it to come, would be tied to a connection whose port is not known; that of `original` does not count. */
  expects(zone: number, tuple: FlowTuple, packet: Packet, now: bigint, original: FlowTuple): boolean {
    if (!this.#used) return false;
    const isOther = (one: Connection) => !sameTuple(one.original, original) && isTied(one, { kind: "answer", packet });
    return SIDES.some((side) => this.#fitting(this.#key(zone, tuple, side), tuple[side], now).some(isOther));
  }

  /** Another connection for which NAT drew the port of a reply tuple; of many ports it will have drawn another one. */
  holder(zone: number, reply: FlowTuple, self: Connection, now: bigint): Connection | undefined {
    if (!this.#used) return undefined;
    for (const side of SIDES) {
      const port = reply[side];
      const others = this.#fitting(this.#key(zone, reply, side), port, now).filter((one) => one !== self && isDrawnFromFew(one));
      const found = this.#chosen(others, side, port, (value) => `port ${port} ${value ? "has" : "has not"} gone to`);
      if (found) return found;
    }
    return undefined;
  }

  #fitting(key: string, port: number, now: bigint): readonly Connection[] {
    return (this.#state.get<readonly Connection[]>(key) ?? []).filter((one) => fits(one, port, now));
  }

  #numbered(key: string, port: number, { kind, packet }: Heard, now: bigint): readonly Connection[] {
    const segment = kind === "answer" && packet.transport?.kind === "tcp" ? packet.transport : undefined;
    const known = segment && this.#state.get<readonly Connection[]>(`${key}|${segment.ack}`);
    return known?.filter((one) => fits(one, port, now) && isTied(one, { kind, packet })) ?? [];
  }

  /** Asks of each in turn whether it is the one; nothing that was captured tells. */
  #chosen(connections: readonly Connection[], side: OpenSide, port: number, words: (value: boolean) => string): Connection | undefined {
    if (connections.length > MOST_ASKED) throw new Undecided("which of many connections has a port: NAT drew theirs, and nothing tells");
    for (const one of connections) {
      const from = formatEndpoint(one.original.src, side === "dport" ? one.original.sport : undefined);
      const is = this.#ask(
        `open|${one.stateKey}|${port}`,
        (value) => `${words(value)} the connection from ${from} (not known: which port NAT drew for the connection from ${from})`,
      );
      if (is) return this.#settle(one, side, port);
    }
    return undefined;
  }

  #settle(connection: Connection, side: OpenSide, port: number): Connection {
    this.#state.checkObject(connection);
    this.remove(connection);
    this.#state.change(connection);
    connection.reply = { ...connection.reply, [side]: port };
    // A port that was drawn elsewhere, and came here as it is.
    const sent = SIDES.find((one) => connection.original[one] === ANY_PORT);
    if (sent && !connection.drawn) {
      const zone = zoneIn(connection.zone, "original");
      const others = this.#told(zone, connection.original, sent).filter((one) => !one.dying);
      this.#state.set(this.#toldKey(zone, connection.original, sent), [...others.slice(1 - MOST), connection]);
      connection.original = { ...connection.original, [sent]: port };
    }
    connection.drawn = undefined;
    connection.asked = undefined;
    return connection;
  }
}

function numberedKey(key: string, { asked }: Connection): string | undefined {
  const end = asked && endOf(asked);
  return end === undefined ? undefined : `${key}|${end}`;
}

function isDrawnFromFew({ drawn }: Connection): boolean {
  return drawn !== undefined && drawn.max - drawn.min < UNLIKELY;
}

function fits({ drawn, dying, expires }: Connection, port: number, now: bigint): boolean {
  return !dying && expires > now && (!drawn || (port >= drawn.min && port <= drawn.max));
}

function isTied({ asked }: Connection, { kind, packet }: Heard): boolean {
  return asked !== undefined && (kind === "answer" ? showsAnswer : showsQuote)(asked, packet);
}
