import type { ConnectionView } from "../extensions/spec.ts";
import type { Namespace, Tuple } from "../model/host.ts";
import { isIcmp, type Packet, PROTOCOL } from "../model/packet.ts";
import { NO_COUNTERS } from "./accounting.ts";
import type { Ask } from "./choices.ts";
import { Connection, type FlowTuple, invert, portsOnly, toModelTuple, tupleOf } from "./connection.ts";
import { awaitsTracking, viewOf, viewOfTemplate } from "./connection-view.ts";
import { Doubts } from "./conntrack-doubts.ts";
import { ProtocolTrackers } from "./conntrack-protocols.ts";
import { ConntrackTable } from "./conntrack-table.ts";
import { type Setting, settingOf, timeoutOf } from "./conntrack-timeouts.ts";
import { type Expectation, Expectations } from "./expectations.ts";
import { hasRightSum } from "./icmp-checksum.ts";
import { headersError, isLeftUntracked, isRedirect, redirectError } from "./icmp6-tracking.ts";
import { openSide } from "./open-port.ts";
import { isOpening, restoredConnection } from "./restored-connection.ts";
import type { Skb } from "./skb.ts";
import type { State } from "./state.ts";
import { suspectedMaster } from "./suspected-master.ts";
import type { Found } from "./table-entries.ts";
import { protocolError } from "./transport-errors.ts";
import { Undecided } from "./undecided.ts";
import { DEFAULT_ZONE, type Zone } from "./zone.ts";

/** Protocols other than ICMP whose checksum is verified before anything else is asked (tcp_error, udp_error). */
const CHECKED: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp]);
const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);

/** Connection tracking of one namespace (net/netfilter/nf_conntrack_core.c). */
export class Conntrack {
  readonly expectations: Expectations;
  /** Binds an expected connection as its master's translation asks for (nf_conntrack_expect's expectfn). */
  follow: ((connection: Connection, expectation: Expectation, now: bigint) => void) | undefined;
  readonly #netns: string;
  readonly #state: State;
  readonly #setting: Setting;
  readonly #newId: () => number;
  readonly #trackers: ProtocolTrackers;
  readonly #counts: boolean;
  readonly #ask: Ask;
  readonly table: ConntrackTable;
  readonly #older: { readonly zone: number; readonly original: Tuple }[] = [];
  /** Whether a connection older than the capture has a helper. */
  #helped = false;
  readonly #doubts = new Doubts();

  /** `countsByRule`: a rule asks for counters, and so has switched them on. */
  constructor(
    netns: string,
    state: State,
    sysctl: (name: string, fallback: number) => number,
    newId: () => number,
    ask: Ask,
    countsByRule: boolean,
  ) {
    this.#ask = ask;
    this.#netns = netns;
    this.#state = state;
    this.#setting = settingOf(sysctl);
    this.#newId = newId;
    this.#trackers = new ProtocolTrackers(this.#setting);
    this.#counts = this.#setting("acct", countsByRule ? 1 : 0) !== 0;
    this.table = new ConntrackTable(netns, state, ask, this.#setting);
    this.expectations = new Expectations(netns, state);
  }

  /** Fills the table with `conntrack -L`, taken just before the first packet if nothing tells when. */
  restore(namespace: Namespace, now: bigint, takenAt: bigint | undefined): void {
    for (const line of namespace.conntrack ?? []) {
      this.#helped ||= line.helper !== undefined;
      const connection = restoredConnection(line, this.#newId(), this.#netns, timeoutOf(this.#setting, "udp_timeout"), now, takenAt);
      this.#older.push({ zone: connection.zone.id, original: toModelTuple(connection.original) });
      this.table.insert(connection);
    }
  }

  /** What is known of a tuple, without changing anything or minding what is in doubt. */
  peek(zone: number, tuple: FlowTuple, now: bigint): Found | undefined {
    return this.table.peek(zone, tuple, now);
  }

  /** Whether another connection than that of a tuple is known already that a packet to come would belong to. */
  expects(zone: number, tuple: FlowTuple, packet: Packet, now: bigint, original: FlowTuple): boolean {
    const known = this.peek(zone, tuple, now);
    return (known !== undefined && !known.connection.listed) || this.table.openPorts.expects(zone, tuple, packet, now, original);
  }

  /** Takes out what has run out; to be called between two packets. Says whether there was enough of it. */
  sweep(now: bigint): boolean {
    return this.table.sweep(now);
  }

  forget(connection: Connection): void {
    this.table.forget(connection);
    this.expectations.withdraw(connection);
  }

  /** Whether another connection would get this one's replies (nf_conntrack_tuple_taken). */
  isTaken(reply: FlowTuple, self: Connection, now: bigint): boolean {
    return this.table.isTaken(reply, self, now);
  }

  /** The same of a connection that NAT leaves as it is. */
  isTakenUnchanged(tuple: FlowTuple, self: Connection, now: bigint): boolean {
    const reply = invert(tuple);
    return reply !== undefined && this.table.isTakenUnchanged(tuple, reply, self, now);
  }

  /** A packet whose own fate is not known: its tuple and what looks like an answer to it become doubtful. */
  doubt(tuple: FlowTuple | undefined, zone: number, reason: string): void {
    if (!tuple) return;
    this.table.taint(tuple, zone, reason);
    const reply = invert(tuple);
    if (reply) this.table.taint(reply, zone, reason);
    this.#doubts.add(tuple, reason);
  }

  /**
   * nf_conntrack_in: finds or makes the entry of a packet and sets its state. Returns why it is INVALID, if it is.
   * A new entry is not in the table before `confirm`.
   */
  track(skb: Skb, now: bigint, prerouting: boolean): string | undefined {
    const packet = skb.packet;
    const zone = skb.template?.zone ?? DEFAULT_ZONE;
    const checkChecksum = prerouting && this.#setting("checksum", 1) !== 0;
    skb.ctState = "INVALID";
    skb.connection = undefined;
    skb.room = undefined;
    if (packet.defect === "uncaptured" && !packet.transport) throw new Undecided("the transport header, which was not captured");
    if (packet.transport?.kind === "icmp") {
      if (checkChecksum && !hasRightSum(skb, "PREROUTING")) return "the ICMP checksum is wrong";
      if (packet.protocol === PROTOCOL.icmp && packet.transport.type > 18) return "this ICMP type does not exist";
      const isError = packet.family === 4 ? ICMP_ERRORS.has(packet.transport.type) : packet.transport.type < 128;
      if (isError) return this.#trackError(skb, packet.transport.quoted, zone, now);
      if (isRedirect(packet)) return redirectError(packet) ?? this.#trackError(skb, packet.transport.quoted, zone, now);
      if (isLeftUntracked(packet)) {
        skb.ctState = "UNTRACKED";
        return "neighbour discovery and multicast listener messages are not tracked";
      }
    } else if (isIcmp(packet.protocol)) return "the ICMP header is too short";
    const headers = headersError(packet);
    if (headers) return headers;
    if (CHECKED.has(packet.protocol)) skb.checksumVerified = checkChecksum && packet.checksum === "good";
    const problem = protocolError(packet, checkChecksum);
    const tuple = tupleOf(packet);
    // What is no part of a connection takes the place of one until that is noticed (resolve_normal_ct).
    if (problem) return this.#refusal(skb, tuple ?? portsOnly(packet), zone, now) ?? problem;
    if (!tuple) return "its transport header is missing";
    for (let attempt = 0; attempt < 2; attempt++) {
      const outcome = this.#trackTuple(skb, tuple, zone, now);
      if (outcome !== "reopen") return outcome;
    }
    return "its connection could not be opened again";
  }

  /**
   * Takes in a further packet of a connection that is known to be in the table, as `track` would. False where that would make of it anything
   * but an ESTABLISHED packet of this connection: then nothing but the connection is changed, which is to be put back.
   */
  takeAgain(connection: Connection, direction: "original" | "reply", packet: Packet, now: bigint): boolean {
    const { confirmed, dying, expires, seenReply, resting } = connection;
    if (resting || !confirmed || dying || expires <= now || !seenReply || this.table.entries.isInDoubt(connection)) return false;
    if (headersError(packet) !== undefined || protocolError(packet, true) !== undefined) return false;
    connection.touched = now;
    try {
      return this.#trackers.track(connection, packet, direction === "reply" ? 1 : 0, now) === undefined;
    } catch (error) {
      if (error instanceof Undecided) return false;
      throw error;
    }
  }

  /** nf_conntrack_inet_error: an ICMP error belongs to the connection of the packet that it quotes. */
  #trackError(skb: Skb, quoted: Packet | undefined, zone: Zone, now: bigint): string | undefined {
    const inner = quoted && tupleOf(quoted);
    const tuple = inner && invert(inner);
    const { payload, length, headerLength } = skb.packet;
    if (!tuple && payload.length < length - headerLength) throw new Undecided("the packet that it quotes, which was not captured");
    if (!tuple) return "it quotes no packet that could be looked up";
    const found = this.table.find(zone, tuple, now, { kind: "quote", packet: quoted });
    if (!found) {
      this.#doubts.check(tuple);
      return "it quotes a packet of no known connection";
    }
    const own = found.direction === "original" ? found.connection.original : found.connection.reply;
    if (own.dst !== skb.packet.dst) return "it is not addressed to the sender of the packet that it quotes";
    skb.connection = found.connection;
    skb.ctDirection = found.direction;
    skb.ctState = "RELATED";
    return undefined;
  }

  #trackTuple(skb: Skb, tuple: FlowTuple, zone: Zone, now: bigint): string | "reopen" | undefined {
    const packet = skb.packet;
    const found = this.#standing(this.table.find(zone, tuple, now, { kind: "answer", packet }), skb, now);
    let connection: Connection;
    if (found) {
      connection = found.connection;
      this.#state.change(connection);
      connection.listed = undefined;
      skb.ctDirection = found.direction;
    } else {
      this.#doubts.check(tuple);
      if (!invert(tuple)) return "this ICMP type belongs to no request";
      const id = this.#newId();
      skb.room = this.table.makeRoom(id, now, (other) => this.forget(other));
      if (skb.room.refusal !== undefined) return skb.room.refusal;
      connection = this.#begin(id, tuple, zone, skb.template?.helper, now);
      skb.ctDirection = "original";
    }
    connection.touched = now;
    const reply = skb.ctDirection === "reply";
    const verdict = this.#trackers.track(connection, packet, reply ? 1 : 0, now);
    if (verdict === "reopen" || verdict === "forget") this.forget(connection);
    if (verdict === "reopen") return "reopen";
    // What is not translated gets no answer at the port that NAT drew.
    if (typeof verdict === "object") return verdict.invalid;
    if (!reply && connection.asked && !connection.dying) this.table.askAgain(connection, packet);
    skb.connection = connection;
    skb.ctState = reply || connection.seenReply ? "ESTABLISHED" : connection.expected ? "RELATED" : "NEW";
    if (reply) connection.seenReply = true;
    return undefined;
  }

  /** Why there is no room for the connection of a packet that would open one, were it not wrong in itself. */
  #refusal(skb: Skb, tuple: FlowTuple | undefined, zone: Zone, now: bigint): string | undefined {
    if (!tuple || !this.table.entries.isFull || !invert(tuple) || this.table.find(zone, tuple, now)) return undefined;
    skb.room = this.table.makeRoom(this.#newId(), now, (other) => this.forget(other));
    return skb.room.refusal;
  }

  /** What was found, unless it is in the table only because the list was taken after the packet opened it. */
  #standing(found: Found | undefined, skb: Skb, now: bigint): Found | undefined {
    const opening = found && isOpening(found.connection, found.direction, skb.packet, now);
    if (!found || !opening) return found;
    this.forget(found.connection);
    skb.takenForOpening = opening === "assumed";
    return undefined;
  }

  /** init_conntrack: a new connection, announced by another one's helper or not. */
  #begin(id: number, tuple: FlowTuple, zone: Zone, helper: string | undefined, now: bigint): Connection {
    const connection = new Connection(id, this.#netns, zone, tuple);
    if (this.#counts) connection.counters = NO_COUNTERS;
    const met = this.expectations.meet(zone.id, tuple, now);
    const master = met?.master ?? suspectedMaster(this.expectations, this.#netns, this.#ask, zone.id, tuple, now);
    if (!master) {
      connection.helper = helper;
      return connection;
    }
    connection.expected = true;
    connection.master = master;
    connection.mark = master.mark;
    if (met?.follow) this.follow?.(connection, met, now);
    return connection;
  }

  /** __nf_conntrack_confirm: the packet has survived its last hook, and its connection enters the table. Returns false when it must be dropped. */
  confirm(skb: Skb, now: bigint): boolean {
    const connection = skb.connection;
    if (!connection || connection.confirmed || skb.ctDirection === "reply" || connection.dying) return true;
    if (connection.netns !== this.#netns) return true;
    if (this.table.clashes(connection, now)) return false;
    this.#state.change(connection);
    connection.confirmed = true;
    if (openSide(connection.reply)) connection.asked = skb.packet;
    this.table.insert(connection);
    return true;
  }

  /** nf_ct_set_closing: the host itself resets a connection. */
  close(connection: Connection, now: bigint): void {
    if (!connection.confirmed) return;
    this.#state.change(connection);
    this.#trackers.close(connection, now);
  }

  /** What a match sees of the packet's connection. */
  view(skb: Skb, now: bigint): ConnectionView | undefined {
    const connection = skb.connection;
    if (!connection) return awaitsTracking(skb) ? viewOfTemplate(skb, this.#state.get<number>(skb.template.mark) ?? 0) : undefined;
    this.#state.checkObject(connection);
    return viewOf(connection, skb.ctDirection, now, this.#helped);
  }

  /** Whether the connection of a tuple is over (nf_conncount.c, already_closed) and assured; undefined when it is not in the table. */
  standing(zone: number, tuple: FlowTuple, now: bigint): { readonly over: boolean; readonly assured: boolean } | undefined {
    const found = this.table.find({ id: zone }, tuple, now)?.connection;
    const state = found?.tcp?.state;
    return found && { over: state === "TIME_WAIT" || state === "CLOSE", assured: found.assured };
  }

  /** Connections that are older than the capture. */
  older(): readonly { readonly zone: number; readonly original: Tuple }[] {
    return this.#older;
  }
}
