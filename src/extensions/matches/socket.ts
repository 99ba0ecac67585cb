import { PROTOCOL } from "../../model/packet.ts";
import { factWords, unlessAssumed } from "../assumption.ts";
import { FLAG } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { type MatchResult, match, type PacketContext } from "../spec.ts";

const WITH_SOCKETS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp]);

/** xt_socket.c, socket_match: TCP and UDP have sockets, and an ICMP error is for that of the packet that it quotes. */
function socketMatch(context: PacketContext): MatchResult {
  const { packet } = context;
  const { transport } = packet;
  const quoted = transport?.kind === "icmp" ? transport.quoted : undefined;
  if (!WITH_SOCKETS.has(packet.protocol) && quoted === undefined) return false;
  return unlessAssumed(context, "socket", (value) => value === "yes");
}

const socket = match({
  name: "socket",
  hooks: ["PREROUTING", "INPUT"],
  options: {
    transparent: { flag: "--transparent", codec: FLAG },
    nowildcard: { flag: "--nowildcard", codec: FLAG },
    restore: { flag: "--restore-skmark", codec: FLAG },
  },
  explain: (args) => {
    const which = args.transparent ? "a transparent socket" : "a socket";
    return `for ${which} of this host${args.nowildcard ? "" : " that is bound to an address"}${args.restore ? ", whose mark it gets" : ""}`;
  },
  // A packet gets the mark of its socket (xt_socket.c, socket_match).
  alters: (args) => args.restore !== undefined,
  compile: () => socketMatch,
  // A capture does not show which sockets are open: few rules should ask for them.
  draw: (d) =>
    d.chance(30) ? `-m socket${maybe(d, 2, "--transparent")}${maybe(d, 2, "--nowildcard")}${maybe(d, 3, "--restore-skmark")}` : undefined,
  forks: factWords("socket"),
  doc: "Whether a socket of this host is open for the packet; a capture does not show it.",
  examples: [
    { rule: "-m socket", says: "for a socket of this host that is bound to an address" },
    {
      rule: "-m socket --restore-skmark --nowildcard --transparent",
      saved: "-m socket --transparent --nowildcard --restore-skmark",
      says: "for a transparent socket of this host, whose mark it gets",
    },
  ],
});

export const specs = [socket];
