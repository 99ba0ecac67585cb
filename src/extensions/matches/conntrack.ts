import { type AddressMask, inMask } from "../../model/address.ts";
import type { Tuple } from "../../model/host.ts";
import { protocolName } from "../../model/packet.ts";
import type { Negatable } from "../../model/rule.ts";
import { ADDRESS_MASK, choice, choices, PORT_RANGE, type Range, range, saveAddressMask, word } from "../codecs.ts";
import { holds, oneOf, says } from "../condition.ts";
import { CONNECTION_STATES, drawStates, inState, stateSpace, stateWords } from "../ctstate.ts";
import { type Draw, not, some, span } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { parseProtocol } from "../protocols.ts";
import { type Args, type ConnectionView, type MatchResult, match, type PacketContext } from "../spec.ts";

const STATUS = ["NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"] as const;
type Status = (typeof STATUS)[number];

const STATUS_WORDS: Readonly<Record<Status, string>> = {
  NONE: "no status",
  EXPECTED: "expected",
  SEEN_REPLY: "answered",
  ASSURED: "assured",
  CONFIRMED: "confirmed",
};

const options = {
  state: { flag: "--ctstate", codec: CONNECTION_STATES, negatable: true },
  proto: { flag: "--ctproto", codec: word("a protocol name or number", parseProtocol, String), negatable: true },
  origSrc: { flag: "--ctorigsrc", codec: ADDRESS_MASK, negatable: true },
  origDst: { flag: "--ctorigdst", codec: ADDRESS_MASK, negatable: true },
  replSrc: { flag: "--ctreplsrc", codec: ADDRESS_MASK, negatable: true },
  replDst: { flag: "--ctrepldst", codec: ADDRESS_MASK, negatable: true },
  origSrcPort: { flag: "--ctorigsrcport", codec: PORT_RANGE, negatable: true },
  origDstPort: { flag: "--ctorigdstport", codec: PORT_RANGE, negatable: true },
  replSrcPort: { flag: "--ctreplsrcport", codec: PORT_RANGE, negatable: true },
  replDstPort: { flag: "--ctrepldstport", codec: PORT_RANGE, negatable: true },
  status: { flag: "--ctstatus", codec: choices(STATUS), negatable: true },
  expire: { flag: "--ctexpire", codec: range(0xffffffff), negatable: true },
  dir: { flag: "--ctdir", codec: choice(["ORIGINAL", "REPLY"], true) },
} as const;

type ConntrackArgs = Args<typeof options>;

/** The 16 bits that take the place of a port in a tuple (union nf_conntrack_man_proto): an identifier, or type and code, for ICMP. */
function tuplePort(tuple: Tuple, side: "src" | "dst"): number {
  if (tuple.icmp) return side === "src" ? tuple.icmp.id : tuple.icmp.type * 256 + tuple.icmp.code;
  return (side === "src" ? tuple.sport : tuple.dport) ?? 0;
}

function inStatus(connection: ConnectionView, wanted: readonly Status[]): boolean {
  const { expected, seenReply, assured, confirmed } = connection.status;
  const has: Readonly<Record<Status, boolean>> = {
    NONE: false,
    EXPECTED: expected,
    SEEN_REPLY: seenReply,
    ASSURED: assured,
    CONFIRMED: confirmed,
  };
  return wanted.some((status) => has[status]);
}

function tuplesHold(args: ConntrackArgs, { original, reply }: ConnectionView): boolean {
  const address = (option: Negatable<AddressMask> | undefined, found: Tuple["src"]) =>
    holds(option, ({ address, mask }) => inMask(found, address, mask));
  const port = (option: Negatable<Range> | undefined, found: number) => holds(option, (range) => within(found, range));
  return (
    address(args.origSrc, original.src) &&
    address(args.origDst, original.dst) &&
    address(args.replSrc, reply.src) &&
    address(args.replDst, reply.dst) &&
    holds(args.proto, (protocol) => protocol === original.protocol) &&
    port(args.origSrcPort, tuplePort(original, "src")) &&
    port(args.origDstPort, tuplePort(original, "dst")) &&
    port(args.replSrcPort, tuplePort(reply, "src")) &&
    port(args.replDstPort, tuplePort(reply, "dst"))
  );
}

/** xt_conntrack.c, conntrack_mt: without a connection nothing but the state is looked at, and it alone can match. */
function conntrackMatch(args: ConntrackArgs, context: PacketContext): MatchResult {
  if (!holds(args.state, (states) => inState(context, states))) return false;
  const { connection } = context;
  if (!connection) return args.state !== undefined;
  if (!holds(args.dir, (dir) => dir.toLowerCase() === connection.direction)) return false;
  if (!tuplesHold(args, connection) || !holds(args.status, (wanted) => inStatus(connection, wanted))) return false;
  if (!args.expire) return true;
  const { expires } = connection;
  if (expires === undefined) return { unknown: "the seconds until the connection expires" };
  return holds(args.expire, (range) => within(Math.floor(expires), range));
}

function drawConntrack(d: Draw): string {
  const address = (side: "src" | "dst") => d.pick([d.address(side), d.network(side), d.natAddress(side)]);
  const port = (side: "src" | "dst") => (d.chance(4) ? String(d.natPort()) : span(d, d.port(side), 65_535, true));
  const status =
    STATUS.slice(1)
      .filter(() => d.chance(3))
      .join() || d.pick(STATUS);
  const tuples = [
    `${not(d)}--ctproto ${d.pick([1, 6, 17, 58, 132])}`,
    `${not(d)}--ctorigsrc ${address("src")}`,
    `${not(d)}--ctorigdst ${address("dst")}`,
    `${not(d)}--ctreplsrc ${address("dst")}`,
    `${not(d)}--ctrepldst ${address("src")}`,
    `${not(d)}--ctorigsrcport ${port("src")}`,
    `${not(d)}--ctorigdstport ${port("dst")}`,
    `${not(d)}--ctreplsrcport ${port("dst")}`,
    `${not(d)}--ctrepldstport ${port("src")}`,
    `${not(d)}--ctstatus ${status}`,
    ...(d.chance(30) ? [`${not(d)}--ctexpire ${span(d, d.pick([0, 30, 120, 432_000]), 0xffffffff, true)}`] : []),
    `--ctdir ${d.pick(["ORIGINAL", "REPLY"])}`,
  ];
  const state = `${not(d)}--ctstate ${drawStates(d, CONNECTION_STATES)}`;
  return `-m conntrack ${d.chance(2) ? state : `${d.chance(4) ? `${state} ` : ""}${some(d, tuples)}`}`;
}

const conntrack = match({
  name: "conntrack",
  options,
  check: (args) => (Object.values(args).some((option) => option !== undefined) ? undefined : "conntrack needs at least one option"),
  explain: (args) =>
    [
      ...says(args.state, stateWords),
      ...says(args.proto, (protocol) => `connection protocol ${protocolName(protocol)}`),
      ...says(args.origSrc, (value) => `original source ${saveAddressMask(value)}`),
      ...says(args.origDst, (value) => `original destination ${saveAddressMask(value)}`),
      ...says(args.replSrc, (value) => `reply source ${saveAddressMask(value)}`),
      ...says(args.replDst, (value) => `reply destination ${saveAddressMask(value)}`),
      ...says(args.origSrcPort, (value) => `original source port ${rangeWords(value)}`),
      ...says(args.origDstPort, (value) => `original destination port ${rangeWords(value)}`),
      ...says(args.replSrcPort, (value) => `reply source port ${rangeWords(value)}`),
      ...says(args.replDstPort, (value) => `reply destination port ${rangeWords(value)}`),
      ...says(args.status, (list) => `connection ${oneOf(list.map((status) => STATUS_WORDS[status]))}`),
      ...says(args.expire, (value) => `connection with ${rangeWords(value)} seconds to live`),
      ...says(args.dir, (dir) => `${dir.toLowerCase()} direction`),
    ].join(", "),
  // What a connection has come to changes while it lasts.
  reads: (args) => (args.status || args.expire ? "more" : "nothing"),
  compile: (args) => {
    const { state, ...others } = args;
    // Nothing but the state is asked for mostly, which is the packet's own.
    if (state && Object.values(others).every((option) => option === undefined))
      return (context) => inState(context, state.value) !== state.not;
    return (context) => conntrackMatch(args, context);
  },
  space: ({ state, ...others }) =>
    state
      ? stateSpace(
          state,
          Object.values(others).every((option) => option === undefined),
        )
      : { exact: false },
  draw: drawConntrack,
  doc: "State, addresses, ports, status and direction of the packet's connection.",
  examples: [
    {
      rule: "-m conntrack --ctstate ESTABLISHED,RELATED",
      saved: "-m conntrack --ctstate RELATED,ESTABLISHED",
      says: "connection state RELATED or ESTABLISHED",
    },
    {
      rule: "-m conntrack ! --ctorigsrc 10.1.2.3/8 --ctstate DNAT,NEW --ctorigdstport 5:6",
      saved: "-m conntrack --ctstate NEW,DNAT ! --ctorigsrc 10.1.2.3/8 --ctorigdstport 5:6",
      says: "connection state NEW or DNAT, not original source 10.1.2.3/8, original destination port 5 to 6",
    },
    {
      rule: "-m conntrack --ctproto tcp --ctstatus SEEN_REPLY,ASSURED --ctdir reply",
      saved: "-m conntrack --ctproto 6 --ctstatus SEEN_REPLY,ASSURED --ctdir REPLY",
      says: "connection protocol tcp, connection answered or assured, reply direction",
    },
  ],
});

export const specs = [conntrack];
