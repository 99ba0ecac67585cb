import type { Namespace } from "../model/host.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import { Connection, type FlowTuple, fromModelTuple, invert, toModelTuple, tupleKey, tupleOf } from "./connection.ts";
import { trackSctp } from "./conntrack-sctp.ts";
import { newTcp, restoredTcp, trackTcp } from "./conntrack-tcp.ts";
import { type Setting, tcpSettings, timeoutOf } from "./conntrack-timeouts.ts";
import { OpenPorts, openSide } from "./open-port.ts";
import type { Skb } from "./skb.ts";
import type { State } from "./state.ts";
import { TCP_STATES, type TcpSettings, type TcpState } from "./tcp-segment.ts";
import { protocolError } from "./transport-errors.ts";
import { Undecided } from "./undecided.ts";

const SECOND = 1_000_000_000n;

const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);
const ICMP_REQUESTS = new Set([8, 13, 15, 17]);

/** Connection tracking of one namespace (net/netfilter/nf_conntrack_core.c). */
export class Conntrack {
  readonly #netns: string;
  readonly #state: State;
  readonly #sysctl: Setting;
  readonly #newId: () => number;
  readonly #tcp: TcpSettings;
  readonly #openPorts: OpenPorts;
  /** Packets whose own tracking is not known: what looks like their answers is not known either. */
  readonly #doubtful: { readonly tuple: FlowTuple; readonly reason: string }[] = [];

  constructor(netns: string, state: State, sysctl: (name: string, fallback: number) => number, newId: () => number) {
    this.#netns = netns;
    this.#state = state;
    this.#openPorts = new OpenPorts(netns, state);
    this.#sysctl = (name, fallback) => sysctl(`net.netfilter.nf_conntrack_${name}`, fallback);
    this.#newId = newId;
    this.#tcp = tcpSettings(this.#sysctl);
  }

  #timeout(name: string): number {
    return timeoutOf(this.#sysctl, name);
  }

  #key(zone: number, tuple: FlowTuple): string {
    return `ct|${this.#netns}|${zone}|${tupleKey(tuple)}`;
  }

  /** Fills the table with `conntrack -L`, taken just before the first packet. */
  restore(namespace: Namespace, now: bigint): void {
    for (const line of namespace.conntrack ?? []) {
      const connection = new Connection(this.#newId(), this.#netns, line.zone, fromModelTuple(line.original), true);
      connection.reply = fromModelTuple(line.reply);
      connection.confirmed = true;
      connection.seenReply = !line.flags.includes("UNREPLIED");
      connection.assured = line.flags.includes("ASSURED");
      connection.srcNatDone = connection.dstNatDone = true;
      const { original, reply } = connection;
      connection.srcNat = original.src !== reply.dst || (!isIcmp(original) && original.sport !== reply.dport);
      connection.dstNat = original.dst !== reply.src || (!isIcmp(original) && original.dport !== reply.sport);
      connection.mark = line.mark;
      connection.helper = line.helper;
      connection.expires = now + BigInt(line.timeout ?? 600) * SECOND;
      connection.streamFrom = now;
      if (line.state && original.protocol === PROTOCOL.tcp && (TCP_STATES as readonly string[]).includes(line.state)) {
        connection.tcp = restoredTcp(line.state as TcpState);
      } else if (line.state) connection.sctpState = line.state;
      this.#insert(connection);
    }
  }

  #insert(connection: Connection): void {
    this.#state.set(this.#key(connection.zone, connection.original), connection);
    if (!this.#openPorts.add(connection)) this.#state.set(this.#key(connection.zone, connection.reply), connection);
  }

  /** Looks a tuple up; expired entries are forgotten. */
  find(
    zone: number,
    tuple: FlowTuple,
    now: bigint,
    packet?: Packet,
  ): { connection: Connection; direction: "original" | "reply" } | undefined {
    const found = this.#get(zone, tuple, now);
    if (found) return { connection: found, direction: tupleKey(found.original) === tupleKey(tuple) ? "original" : "reply" };
    const answered = this.#openPorts.answered(zone, tuple, packet, now);
    if (!answered) return undefined;
    this.#state.set(this.#key(zone, answered.reply), answered);
    return { connection: answered, direction: "reply" };
  }

  /** What is known of a tuple, without changing anything or minding what is in doubt. */
  peek(zone: number, tuple: FlowTuple, now: bigint): { connection: Connection; direction: "original" | "reply" } | undefined {
    const connection = this.#state.peek<Connection>(this.#key(zone, tuple));
    if (!connection || connection.dying || connection.expires <= now) return undefined;
    return { connection, direction: tupleKey(connection.original) === tupleKey(tuple) ? "original" : "reply" };
  }

  #get(zone: number, tuple: FlowTuple, now: bigint): Connection | undefined {
    const connection = this.#state.get<Connection>(this.#key(zone, tuple));
    if (!connection) return undefined;
    this.#state.checkObject(connection);
    if (connection.dying || connection.expires <= now) {
      this.forget(connection);
      return undefined;
    }
    return connection;
  }

  forget(connection: Connection): void {
    this.#state.change(connection);
    connection.dying = true;
    this.#openPorts.remove(connection);
    for (const tuple of [connection.original, connection.reply]) {
      const key = this.#key(connection.zone, tuple);
      if (this.#state.get(key) === connection) this.#state.set<unknown>(key, undefined);
    }
  }

  /** Whether another connection would get this one's replies (nf_conntrack_tuple_taken). */
  isTaken(zone: number, reply: FlowTuple, self: Connection, now: bigint): boolean {
    const other = openSide(reply) ? undefined : this.#get(zone, reply, now);
    return other !== undefined && other !== self;
  }

  /** A packet whose own fate is not known: its tuple and what looks like an answer to it become doubtful. */
  doubt(tuple: FlowTuple | undefined, zone: number, reason: string): void {
    if (!tuple) return;
    this.#state.taint(this.#key(zone, tuple), reason);
    const reply = invert(tuple);
    if (reply) this.#state.taint(this.#key(zone, reply), reason);
    this.#doubtful.push({ tuple, reason });
  }

  #doubtAbout(tuple: FlowTuple): string | undefined {
    return this.#doubtful.find(
      ({ tuple: other }) =>
        other.protocol === tuple.protocol &&
        (other.src === tuple.dst ||
          other.dst === tuple.src ||
          (!isIcmp(tuple) && (other.sport === tuple.dport || other.dport === tuple.sport))),
    )?.reason;
  }

  /**
   * nf_conntrack_in: finds or makes the entry of a packet and sets its state. Returns why it is INVALID, if it is.
   * A new entry is not in the table before `confirm`.
   */
  track(skb: Skb, now: bigint, prerouting: boolean): string | undefined {
    const packet = skb.packet;
    const zone = skb.template?.zone ?? 0;
    const checkChecksum = prerouting && this.#sysctl("checksum", 1) !== 0;
    skb.ctState = "INVALID";
    delete skb.connection;
    if (packet.defect === "uncaptured" && !packet.transport) throw new Undecided("the transport header, which was not captured");
    if (packet.transport?.kind === "icmp") {
      if (checkChecksum && packet.checksum === "bad") return "the ICMP checksum is wrong";
      if (packet.protocol === PROTOCOL.icmp && packet.transport.type > 18) return "this ICMP type does not exist";
      const isError = packet.family === 4 ? ICMP_ERRORS.has(packet.transport.type) : packet.transport.type < 128;
      if (isError) return this.#trackError(skb, packet.transport.quoted, zone, now);
    } else if (packet.protocol === PROTOCOL.icmp || packet.protocol === PROTOCOL.icmpv6) return "the ICMP header is too short";
    const problem = protocolError(packet, checkChecksum);
    if (problem) return problem;
    const tuple = tupleOf(packet);
    if (!tuple) return "its transport header is missing";
    for (let attempt = 0; attempt < 2; attempt++) {
      const outcome = this.#trackTuple(skb, tuple, zone, now);
      if (outcome !== "reopen") return outcome;
    }
    return "its connection could not be opened again";
  }

  /** nf_conntrack_inet_error: an ICMP error belongs to the connection of the packet that it quotes. */
  #trackError(skb: Skb, quoted: Packet | undefined, zone: number, now: bigint): string | undefined {
    const inner = quoted && tupleOf(quoted);
    const tuple = inner && invert(inner);
    if (!tuple) return "it quotes no packet that could be looked up";
    const found = this.find(zone, tuple, now);
    if (!found) {
      const doubt = this.#doubtAbout(tuple);
      if (doubt) throw new Undecided(doubt);
      return "it quotes a packet of no known connection";
    }
    const own = found.direction === "original" ? found.connection.original : found.connection.reply;
    if (own.dst !== skb.packet.dst) return "it is not addressed to the sender of the packet that it quotes";
    skb.connection = found.connection;
    skb.ctDirection = found.direction;
    skb.ctState = "RELATED";
    return undefined;
  }

  #trackTuple(skb: Skb, tuple: FlowTuple, zone: number, now: bigint): string | "reopen" | undefined {
    const packet = skb.packet;
    const found = this.find(zone, tuple, now, packet);
    let connection: Connection;
    if (found) {
      connection = found.connection;
      this.#state.change(connection);
      skb.ctDirection = found.direction;
    } else {
      const doubt = this.#doubtAbout(tuple);
      if (doubt) throw new Undecided(doubt);
      if (!invert(tuple)) return "this ICMP type belongs to no request";
      connection = new Connection(this.#newId(), this.#netns, zone, tuple);
      connection.helper = skb.template?.helper;
      skb.ctDirection = "original";
    }
    const reply = skb.ctDirection === "reply";
    const verdict = this.#trackProtocol(connection, packet, reply ? 1 : 0, now);
    if (verdict === "reopen") {
      this.forget(connection);
      return "reopen";
    }
    if (verdict !== undefined) return verdict;
    skb.connection = connection;
    skb.ctState = reply || connection.seenReply ? "ESTABLISHED" : connection.expected ? "RELATED" : "NEW";
    if (reply) connection.seenReply = true;
    return undefined;
  }

  /** nf_conntrack_handle_packet: the protocol's own part. Returns why the packet is invalid, if it is. */
  #trackProtocol(connection: Connection, packet: Packet, dir: 0 | 1, now: bigint): string | undefined {
    const refresh = (seconds: number) => {
      connection.expires = now + BigInt(Math.round(seconds)) * SECOND;
    };
    const transport = packet.transport;
    if (transport?.kind === "tcp") {
      if (!connection.confirmed && !connection.tcp) {
        connection.tcp = newTcp(packet, transport, this.#tcp);
        if (!connection.tcp) return "no connection is known that this segment could belong to";
      }
      if (!connection.tcp) connection.tcp = restoredTcp("ESTABLISHED");
      const verdict = trackTcp(connection.tcp, packet, transport, dir, connection.seenReply, connection.assured, this.#tcp);
      if (verdict.kind === "reopen") return "reopen";
      if (verdict.kind === "invalid") return verdict.why;
      if (verdict.assure) connection.assured = true;
      if (verdict.timeout !== undefined) refresh(verdict.timeout);
      if (verdict.kill) this.forget(connection);
      return undefined;
    }
    if (transport?.kind === "udp") {
      if (!connection.confirmed) connection.streamFrom = now + 2n * SECOND;
      if (connection.seenReply) {
        const stream = now > connection.streamFrom;
        if (stream) connection.assured = true;
        refresh(this.#timeout(stream ? "udp_timeout_stream" : "udp_timeout"));
      } else refresh(this.#timeout("udp_timeout"));
      return undefined;
    }
    if (transport?.kind === "icmp") {
      if (!connection.confirmed && packet.family === 4 && !ICMP_REQUESTS.has(transport.type))
        return "it is an ICMP answer to no known request";
      if (!connection.confirmed && packet.family === 6 && transport.type !== 128) return "it is an ICMPv6 message that opens no connection";
      refresh(this.#timeout(packet.family === 4 ? "icmp_timeout" : "icmpv6_timeout"));
      return undefined;
    }
    if (transport?.kind === "sctp") {
      const outcome = trackSctp(connection, transport, dir, (name, seconds) => this.#sysctl(`sctp_timeout_${name}`, seconds));
      if (outcome.why !== undefined) return outcome.why;
      if (outcome.timeout !== undefined) refresh(outcome.timeout);
      return undefined;
    }
    refresh(
      packet.protocol === PROTOCOL.gre
        ? this.#timeout(connection.seenReply ? "gre_timeout_stream" : "gre_timeout")
        : this.#timeout("generic_timeout"),
    );
    return undefined;
  }

  /** nf_confirm: the packet has survived its last hook, and its connection enters the table. Returns false when it must be dropped. */
  confirm(skb: Skb, now: bigint): boolean {
    const connection = skb.connection;
    if (!connection || connection.confirmed || skb.ctDirection === "reply" || connection.dying) return true;
    if (connection.netns !== this.#netns) return true;
    const { zone, original, reply } = connection;
    const clash = this.#get(zone, original, now) ?? (openSide(reply) ? undefined : this.#get(zone, reply, now));
    if (clash && clash !== connection) return false;
    this.#state.change(connection);
    connection.confirmed = true;
    this.#insert(connection);
    return true;
  }

  /** What a match sees of the packet's connection. */
  view(skb: Skb, now: bigint) {
    const connection = skb.connection;
    if (!connection) return undefined;
    this.#state.checkObject(connection);
    return {
      original: toModelTuple(connection.original),
      reply: toModelTuple(connection.reply),
      direction: skb.ctDirection,
      mark: connection.mark,
      zone: connection.zone,
      ...(connection.helper ? { helper: connection.helper } : {}),
      status: {
        expected: connection.expected,
        seenReply: connection.seenReply,
        assured: connection.assured,
        confirmed: connection.confirmed,
        srcNat: connection.srcNat,
        dstNat: connection.dstNat,
      },
      expires: Number((connection.expires - now) / SECOND),
    };
  }
}

function isIcmp(tuple: FlowTuple): boolean {
  return tuple.protocol === PROTOCOL.icmp || tuple.protocol === PROTOCOL.icmpv6;
}
