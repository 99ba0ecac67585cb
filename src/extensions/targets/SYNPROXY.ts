import { type Packet, TCP_FLAG } from "../../model/packet.ts";
import { FLAG, parseNumber, word } from "../codecs.ts";
import { maybe, over } from "../draw.ts";
import { type PacketContext, type TargetResult, target } from "../spec.ts";

/** A number of which the kernel keeps so many bits. */
function bits(count: number) {
  return word(
    "a number",
    (text) => {
      const value = parseNumber(text);
      return value === undefined ? undefined : value % 2 ** count;
    },
    String,
  );
}

const { SYN, ACK, FIN, RST } = TCP_FLAG;

/** What the proxy does with the flags of a segment. */
function part(packet: Packet): "opening" | "answer" | "other" | "short" | undefined {
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp" || packet.length - packet.headerLength < tcp.headerLength)
    return packet.defect === "uncaptured" ? undefined : "short";
  const flags = tcp.flags & (SYN | ACK | FIN | RST);
  return flags === SYN ? "opening" : flags === ACK ? "answer" : "other";
}

/** ipt_SYNPROXY.c, synproxy_tg4, and ip6t_SYNPROXY.c, synproxy_tg6. */
function synproxy({ packet }: PacketContext): TargetResult {
  if (packet.checksum === "bad") return { verdict: "DROP", note: "its checksum is wrong" };
  switch (part(packet)) {
    case undefined:
      return { unknown: "the TCP header, which was not captured" };
    case "short":
      return { verdict: "DROP" };
    case "opening":
      return { verdict: "DROP", note: "the proxy answers in the server's place, with a cookie as its sequence number" };
    case "answer":
      return { unknown: "whether it acknowledges the proxy's cookie: if it does, the proxy opens the connection to the server" };
    default:
      return { verdict: "CONTINUE" };
  }
}

const spec = target({
  name: "SYNPROXY",
  does: "may-end",
  hooks: ["INPUT", "FORWARD"],
  options: {
    sackPerm: { flag: "--sack-perm", codec: FLAG },
    timestamp: { flag: "--timestamp", codec: FLAG },
    wscale: { flag: "--wscale", codec: bits(8) },
    mss: { flag: "--mss", codec: bits(16) },
    ecn: { flag: "--ecn", codec: FLAG },
  },
  explain: () => "let the host itself shake hands before the server hears of the connection",
  compile: () => synproxy,
  draw: (d) => {
    if (!over(d, "tcp")) return undefined;
    // What it sends in answer to others depends on a secret.
    const options = `${maybe(d, 2, "--sack-perm")}${maybe(d, 2, "--timestamp")}${maybe(d, 2, "--wscale 7")}${maybe(d, 2, "--mss 1460")}${maybe(d, 4, "--ecn")}`;
    return `-m tcp --tcp-flags FIN,RST ${d.pick(["FIN", "RST", "FIN,RST"])} -j SYNPROXY${options}`;
  },
  forks: "whether a client's answer acknowledges the proxy's cookie",
  doc: "Answers TCP handshakes with SYN cookies, and opens the connection to the server when the client has proved itself.",
  examples: [
    {
      rule: "-p tcp -j SYNPROXY --mss 1460 --wscale 9 --timestamp --sack-perm",
      saved: "-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 9 --mss 1460",
      says: "let the host itself shake hands before the server hears of the connection",
    },
    { rule: "-p tcp -j SYNPROXY", says: "let the host itself shake hands before the server hears of the connection" },
    {
      rule: "-p tcp -j SYNPROXY --mss 65537 --ecn",
      saved: "-p tcp -j SYNPROXY --mss 1 --ecn",
      says: "let the host itself shake hands before the server hears of the connection",
    },
  ],
});

export const specs = [spec];
