import type { NatRange } from "../extensions/effect.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import { hasPorts, isIcmp, type Packet, PROTOCOL } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { ANY_PORT, type Connection, type FlowTuple, invert, tupleKey } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import type { Expectation } from "./expectations.ts";
import { hasRightSum } from "./icmp-checksum.ts";
import { withAddress } from "./nat-address.ts";
import { NatSources } from "./nat-sources.ts";
import { rewrite, type Skb } from "./skb.ts";
import type { State } from "./state.ts";

type Manip = "src" | "dst";

/** Whether tuples of a protocol differ in what NAT may choose: a port, or the identifier of ICMP. */
function hasChoice(protocol: number): boolean {
  return hasPorts(protocol) || isIcmp(protocol);
}

const REDIRECT = 5;
const REDIRECT_6 = 137;

/** Identifies a port that NAT draws at random, among all draws for a packet. */
export function drawKey(connection: Pick<Connection, "netns" | "original">, manip: Manip): string {
  return `${connection.netns}|${manip}|${tupleKey(connection.original)}`;
}

/** Network address translation of one namespace (net/netfilter/nf_nat_core.c). */
export class Nat {
  readonly #conntrack: Conntrack;
  readonly #state: State;
  readonly sources: NatSources;
  readonly #told: ReadonlyMap<string, number>;

  /** `told` has the ports that were drawn at random and are known nevertheless, by `drawKey`. */
  constructor(netns: string, conntrack: Conntrack, state: State, told: ReadonlyMap<string, number>) {
    this.sources = new NatSources(netns, state, conntrack.table.entries.resting);
    conntrack.table.woken = (connection) => this.sources.back(connection);
    this.#conntrack = conntrack;
    conntrack.follow = (connection, expectation, now) => this.#followMaster(connection, expectation, now);
    this.#state = state;
    this.#told = told;
  }

  /** Whether the connection's binding for this manipulation has been made (nf_nat_initialized). */
  isDone(connection: Connection, manip: Manip): boolean {
    return manip === "src" ? connection.srcNatDone : connection.dstNatDone;
  }

  /** nf_nat_follow_master: an expected connection comes from where its master's packets go, and goes to where the port was announced. */
  #followMaster(connection: Connection, { master, follow }: Expectation, now: bigint): void {
    if (!follow) return;
    const { src, dst } = follow.direction === 0 ? master.reply : master.original;
    this.bind(connection, "src", { manip: "src", minAddress: dst, maxAddress: dst }, now);
    const { port } = follow;
    this.bind(connection, "dst", { manip: "dst", minAddress: src, maxAddress: src, minPort: port, maxPort: port }, now);
  }

  /** nf_nat_setup_info: binds a connection. A null binding keeps addresses, but not a port that is taken. Returns false when it must be dropped. */
  bind(connection: Connection, manip: Manip, range: NatRange | undefined, now: bigint): boolean {
    // nf_nat_setup_info leaves a connection alone that is in the table already, and asks again for its next packet.
    if (connection.confirmed) return true;
    this.#state.change(connection);
    const current = invert(connection.reply) as FlowTuple;
    const address = manip === "src" ? current.src : current.dst;
    const wanted: NatRange = range ?? { manip, minAddress: address, maxAddress: address };
    const { drawn } = connection;
    const chosen = this.#uniqueTuple(current, wanted, connection, manip, now);
    if (!chosen) return false;
    // A port that is drawn in place of one that was drawn elsewhere is another one.
    const changed =
      connection.drawn !== drawn ||
      chosen.src !== current.src ||
      chosen.dst !== current.dst ||
      chosen.sport !== current.sport ||
      chosen.dport !== current.dport;
    if (changed) {
      connection.reply = invert(chosen) as FlowTuple;
      this.#state.watch?.meets(chosen);
      // Another connection from the same source would get another source, or take this one over.
      if (manip === "src" && (wanted.minAddress !== (wanted.maxAddress ?? wanted.minAddress) || chosen.sport !== current.sport))
        this.#share();
      if (manip === "src") connection.srcNat = true;
      else connection.dstNat = true;
    }
    if (manip === "src") {
      connection.srcNatDone = true;
      this.sources.add(connection);
    } else connection.dstNatDone = true;
    return true;
  }

  /** get_unique_tuple */
  #uniqueTuple(original: FlowTuple, range: NatRange, connection: Connection, manip: Manip, now: bigint): FlowTuple | undefined {
    const mayStay = manip === "src" && !range.random && inRange(original, range);
    if (mayStay && !this.#conntrack.isTakenUnchanged(original, connection, now)) return original;
    return this.#otherTuple(original, range, connection, manip, now, mayStay);
  }

  /** The same where the tuple cannot stay as it is; `mayStay`: it was within the range, but taken. */
  #otherTuple(
    original: FlowTuple,
    range: NatRange,
    connection: Connection,
    manip: Manip,
    now: bigint,
    mayStay: boolean,
  ): FlowTuple | undefined {
    const taken = (tuple: FlowTuple) => {
      const reply = invert(tuple);
      return reply !== undefined && this.#conntrack.isTaken(reply, connection, now);
    };
    const draw = (min: number, max: number): number => {
      const told = this.#told.get(drawKey(connection, manip));
      if (told !== undefined) return told;
      connection.drawn = { manip, min, max };
      return ANY_PORT;
    };
    if (manip === "src" && !range.random && !mayStay) {
      const reused = this.#sameSource(original, range, connection, now, draw);
      if (reused && !taken(reused)) return reused;
    }
    const tuple = withAddress(original, range, manip, connection.zone.id);
    if (!hasChoice(tuple.protocol)) return tuple;
    if (!range.random) {
      if (range.minPort !== undefined) {
        if (range.basePort === undefined && portInRange(tuple, range, manip) && (range.minPort === range.maxPort || !taken(tuple)))
          return tuple;
      } else if (!taken(tuple)) return tuple;
    }
    if (manip === "src" || range.random || range.minPort !== range.maxPort || isIcmp(tuple.protocol)) this.#share();
    return choosePort(tuple, range, manip, taken, draw);
  }

  /** How a connection is translated hangs on others. */
  #share(): void {
    this.#state.watch?.shared("NAT chose a port or an address by what other connections have");
  }

  /** find_appropriate_src: a connection from the same address and port as another one gets its translation, the youngest one's that is in range. */
  #sameSource(
    original: FlowTuple,
    range: NatRange,
    connection: Connection,
    now: bigint,
    draw: (min: number, max: number) => number,
  ): FlowTuple | undefined {
    for (const other of this.sources.of(connection.zone, original)) {
      if (other === connection || !other.srcNatDone || other.dying || (other.confirmed && other.expires <= now)) continue;
      if (other.original.src !== original.src || other.original.sport !== original.sport) continue;
      const source = invert(other.reply);
      if (!source) continue;
      const sport = source.sport === ANY_PORT && other.drawn ? draw(other.drawn.min, other.drawn.max) : source.sport;
      const reused = { ...original, src: source.src, sport };
      if (sport === ANY_PORT || inRange(reused, range)) return reused;
    }
    return undefined;
  }

  /** nf_nat_packet: makes a packet look as its connection's binding says. Returns what changed, for the trace. */
  translate(skb: Skb, manip: Manip): { from: string; to: string } | undefined {
    const connection = skb.connection;
    if (!connection) return undefined;
    const reply = skb.ctDirection === "reply";
    const applies = (manip === "src") !== reply ? connection.srcNat : connection.dstNat;
    if (!applies) return undefined;
    const target = invert(reply ? connection.original : connection.reply);
    if (!target) return undefined;
    const before = side(skb.packet, manip);
    skb.packet = applyTuple(skb.packet, target, manip);
    if (target.sport === ANY_PORT || target.dport === ANY_PORT) skb.undeterminedPort = true;
    const now = side(skb.packet, manip);
    return before === now ? undefined : { from: before, to: now };
  }

  /** gre_manip_pkt wants the whole of a header that it does not change (nf_nat_manip_pkt fails). */
  lacksHeader({ connection, packet, ctDirection }: Skb, manip: Manip): boolean {
    const applies = (manip === "src") !== (ctDirection === "reply") ? connection?.srcNat : connection?.dstNat;
    return applies === true && packet.protocol === PROTOCOL.gre && packet.length - packet.headerLength < 8;
  }

  /** Why an ICMP error about a connection is dropped (nf_nat_icmp_reply_translation); undefined when it is not. */
  refusesError(skb: Skb, manip: Manip, hook: Hook): string | undefined {
    const { connection, packet, ctDirection } = skb;
    const { transport } = packet;
    if (!hasRightSum(skb, hook)) return "its ICMP checksum is wrong, and NAT lets no such error through";
    const applies = (manip === "src") !== (ctDirection === "reply") ? connection?.srcNat : connection?.dstNat;
    if (applies && transport?.kind === "icmp" && cutShort(transport.quoted))
      return "it quotes too little of a translated packet for NAT to translate the quote";
    const redirect =
      transport?.kind === "icmp" &&
      transport.type === (packet.family === 4 ? REDIRECT : REDIRECT_6) &&
      (connection?.srcNat || connection?.dstNat);
    return redirect ? "it is an ICMP redirect about a connection that is translated, which NAT never lets through" : undefined;
  }

  /** nf_nat_icmp_reply_translation: an ICMP error and the packet that it quotes. */
  translateError(skb: Skb, manip: Manip): { from: string; to: string } | undefined {
    const connection = skb.connection;
    const transport = skb.packet.transport;
    if (!connection || transport?.kind !== "icmp") return undefined;
    const reply = skb.ctDirection === "reply";
    const applies = (manip === "src") !== reply ? connection.srcNat : connection.dstNat;
    if (!applies) return undefined;
    const opposite = reply ? connection.original : connection.reply;
    const before = side(skb.packet, manip);
    if (transport.quoted) {
      const quoted = applyTuple(transport.quoted, opposite, manip === "src" ? "dst" : "src");
      skb.packet = { ...skb.packet, transport: { ...transport, quoted } };
      // sctp_manip_pkt has it looked at again, as far as the header is quoted.
      if (quoted.protocol === PROTOCOL.sctp && quoted.payload.length >= SCTP_HEADER) skb.checksumSum = undefined;
    }
    const target = invert(opposite);
    if (!target) return undefined;
    skb.packet = rewrite(skb.packet, manip === "src" ? { src: target.src } : { dst: target.dst });
    const now = side(skb.packet, manip);
    return before === now ? undefined : { from: before, to: now };
  }
}

/** Octets of an SCTP header before its chunks. */
const SCTP_HEADER = 12;

/** tcp_manip_pkt and its like write within the first eight octets of a header. */
function cutShort(quoted: Packet | undefined): boolean {
  // Protocols in whose headers NAT has something to write (nf_nat_proto.c, l4proto_manip_pkt).
  const isManipulated = quoted !== undefined && (hasChoice(quoted.protocol) || quoted.protocol === PROTOCOL.gre);
  return isManipulated && !quoted.transport && quoted.payload.length < 8;
}

function side(packet: Packet, manip: Manip): string {
  const transport = packet.transport;
  const port = transport && "sport" in transport ? (manip === "src" ? transport.sport : transport.dport) : undefined;
  return formatEndpoint(manip === "src" ? packet.src : packet.dst, port);
}

/** nf_nat_manip_pkt: sets one side of a packet to that of a tuple. */
export function applyTuple(packet: Packet, target: FlowTuple, manip: Manip): Packet {
  const icmp = isIcmp(packet.protocol);
  // nf_nat_proto.c no longer knows DCCP: its ports stay.
  if (packet.protocol === PROTOCOL.dccp) return rewrite(packet, manip === "src" ? { src: target.src } : { dst: target.dst });
  const hasId = packet.transport?.kind === "icmp" && packet.transport.id !== undefined;
  const id = icmp && hasId ? { icmpId: target.sport } : {};
  if (manip === "src") return rewrite(packet, { src: target.src, ...(icmp ? id : { sport: target.sport }) });
  return rewrite(packet, { dst: target.dst, ...(icmp ? id : { dport: target.dport }) });
}

function portInRange(tuple: FlowTuple, range: NatRange, manip: Manip): boolean {
  if (range.minPort === undefined) return true;
  const port = manip === "src" || isIcmp(tuple.protocol) ? tuple.sport : tuple.dport;
  return port >= range.minPort && port <= (range.maxPort ?? range.minPort);
}

/** nf_in_range, for source manipulation. */
function inRange(tuple: FlowTuple, range: NatRange): boolean {
  if (range.minAddress !== undefined && (tuple.src < range.minAddress || tuple.src > (range.maxAddress ?? range.minAddress))) return false;
  return !hasChoice(tuple.protocol) || portInRange(tuple, range, "src");
}

/** nf_nat_l4proto_unique_tuple: a free port; where the kernel starts at random, `draw` tells the port or that it is not known. */
function choosePort(
  tuple: FlowTuple,
  range: NatRange,
  manip: Manip,
  taken: (tuple: FlowTuple) => boolean,
  draw: (min: number, max: number) => number,
): FlowTuple | undefined {
  const icmp = isIcmp(tuple.protocol);
  const source = manip === "src" || icmp;
  const put = (port: number): FlowTuple => (source ? { ...tuple, sport: port } : { ...tuple, dport: port });
  if (range.minPort === undefined && !icmp && manip === "dst") return tuple;
  const current = source ? tuple.sport : tuple.dport;
  const [min, max] =
    range.minPort === undefined || range.maxPort === undefined ? (icmp ? [0, 65535] : portClass(current)) : [range.minPort, range.maxPort];
  const size = max - min + 1;
  let offset = 0;
  // nf_nat_l4proto_unique_tuple counts in 16 bits, below the base as well.
  if (range.basePort !== undefined) offset = (current - range.basePort) & 0xffff;
  else if ((range.random || manip !== "dst") && size > 1) return put(draw(min, max));
  for (let i = 0; i < Math.min(size, 128); i++) {
    const candidate = put(min + ((((offset + i) % size) + size) % size));
    if (!taken(candidate)) return candidate;
  }
  return put(min + (((offset % size) + size) % size));
}

/** The ports among which a source port stays when it has to change and no range was asked for; of one that is not known these are all. */
function portClass(port: number): readonly [number, number] {
  if (port === ANY_PORT) return [1, 65535];
  if (port < 512) return [1, 511];
  return port < 1024 ? [600, 1023] : [1024, 65535];
}
