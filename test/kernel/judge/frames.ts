import { hasDrawnPort } from "../../../src/engine/drawn-port.ts";
import { formatMac } from "../../../src/model/address.ts";
import type { Packet } from "../../../src/model/packet.ts";
import type { Appearance, Way } from "../../../src/model/trace.ts";
import type { Sent as Observed } from "../lab/protocol.ts";
import { differs } from "../wire/expected.ts";
import { differsMade } from "../wire/made.ts";
import { read } from "../wire/octets.ts";
import { measure } from "../wire/patch.ts";
import { DRAWN, firstDifference, isMixed, same } from "./alike.ts";
import { filledIn } from "./filled.ts";
import { frameOf, headerLength, packetOctets, type Sent } from "./frame.ts";
import { type Overwritten, overwritten } from "./overwritten.ts";
import { packetWords } from "./words.ts";

interface Seen {
  readonly key: string;
  readonly words: string;
  readonly octets: Uint8Array;
}

interface Said {
  readonly key: string;
  readonly words: string;
  /** Undefined where a port or an id was drawn, whose octets and checksum are the kernel's own. */
  readonly differs: ((octets: Uint8Array) => string | undefined) | undefined;
  /** What the kernel's capture may show instead. */
  readonly or?: Said;
}

/** Whether a frame has a fragment other than the first. */
function isLater(words: string): boolean {
  return /fragment [1-9]/.test(words);
}

/**
 * The capture shares its octets with the fragment itself, whose header the next namespace changes in place: what else it has there of a
 * later fragment comes from the whole datagram, which was cut again (ip6_fraglist_prepare).
 */
function unshared(words: string): string {
  const own = words.replace(/^\S+ > \S+|ttl \d+|to [0-9a-f:]{17}/g, "");
  return isLater(words) ? own.replace(/tos \d+/, "") : own;
}

interface SaidFrame extends Appearance {
  readonly written: Overwritten | undefined;
}

const ANY_MAC = "??:??:??:??:??:??";

const CHECKSUM = /^(TCP|UDP|UDP-Lite|ICMPv6) checksum: /;

/**
 * Whether prefix translation has changed a packet, and nothing tells what that made of its checksum (ip6t_NPT.c): NAT, which keeps it up,
 * has changed the packet, too, or it is one of UDP-Lite, of which the replay does not know whether it was right; one that was wrong stays.
 */
function isLeftOpen({ steps }: Way, wrong: string, original: Uint8Array): boolean {
  const byPrefix = steps.some(
    (step) => step.kind === "rule" && step.table === "mangle" && (step.set?.["src"] ?? step.set?.["dst"]) !== undefined,
  );
  const name = CHECKSUM.exec(wrong)?.[1];
  if (name === undefined || !byPrefix) return false;
  return name === "UDP-Lite" || steps.some((step) => step.kind === "nat") || wrong.includes(` kernel ${checksumIn(original, name)} `);
}

/** The checksum that a packet had from the beginning, which prefix translation leaves as it is, right or wrong. */
function checksumIn(original: Uint8Array, name: string): string {
  const at = measure(original).header + (name === "TCP" ? 16 : name === "ICMPv6" ? 2 : 6);
  return `0x${read(original, at, 2).toString(16).padStart(4, "0")}`;
}

/** Whether a port or an id was drawn of a packet, or of one that it quotes, be that a fragment of which words do not tell the ports. */
function isDrawn(packet: Packet): boolean {
  const quoted = packet.transport?.kind === "icmp" ? packet.transport.quoted : undefined;
  return packetWords(packet).search(DRAWN) >= 0 || (quoted !== undefined && hasDrawnPort(quoted));
}

/** What was said, in the order in which it was seen; what was not seen comes last. */
function inOrderOf(seen: readonly Seen[], said: readonly Said[]): Said[] {
  const left = [...said];
  const found = seen.flatMap(({ words }) => {
    const at = left.findIndex((one) => same(words, one.words));
    return at < 0 ? [] : left.splice(at, 1);
  });
  return [...found, ...left];
}

/** Where the frames that left devices differ, in words. */
export function framesDiffer(way: Way, sent: Sent, kernel: Observed, asked: ReadonlySet<string>): string[] {
  const original = packetOctets(sent);
  const whole = frameOf(sent, 1).packet;
  const seen: Seen[] = kernel.frames
    .filter((frame) => frame.direction === "out")
    .flatMap((frame) => {
      const octets = Uint8Array.from(Buffer.from(frame.frame, "hex"));
      const decoded = frameOf({ netns: frame.netns, device: frame.device, octets, time: 0n }, 1);
      if (!decoded.packet) return [];
      const mac = frame.device === "lo" || decoded.dstMac === undefined ? "" : ` to ${formatMac(decoded.dstMac)}`;
      return [
        {
          key: `${frame.netns} ${frame.device}`,
          words: `${packetWords(decoded.packet)}${mac}`,
          octets: octets.subarray(headerLength(octets)),
        },
      ];
    });
  const said: Said[] = [];
  const add = (out: readonly SaidFrame[], check: (appearance: Appearance, octets: Uint8Array) => string | undefined) => {
    for (const { written, ...one } of out) {
      const whole = (packet: Packet, mac: string): Said => ({
        key: `${one.netns} ${one.interface}`,
        words: `${packetWords(packet)}${one.interface === "lo" || one.dstMac === undefined ? "" : ` to ${mac}`}`,
        differs: isDrawn(packet) ? undefined : (octets) => check({ ...one, packet }, octets),
      });
      const mac = formatMac(one.dstMac ?? 0);
      const or = written && whole(written.packet, written.isReaddressed ? ANY_MAC : mac);
      said.push({ ...whole(one.packet, mac), ...(or && { or }) });
    }
  };
  const isOf = (one: Appearance, octets: Uint8Array) =>
    whole?.fragment || one.packet.fragment ? undefined : differs(filledIn(one.packet, octets), original, octets);
  const isMade = (one: Appearance, octets: Uint8Array) =>
    one.packet.fragment ? undefined : differsMade(filledIn(one.packet, octets), octets);
  const addWay = (way: Way, check: typeof isOf, sent?: Packet) => {
    const { replies } = way;
    const shared = overwritten(way, sent);
    const out = way.out.map((one, i) => ({ ...one, written: shared.get(i) }));
    let gone = 0;
    for (const { way: redirect, after } of replies) {
      if (!after) continue;
      add(out.slice(gone, after.out), check);
      gone = after.out;
      addWay(redirect, isMade);
    }
    add(out.slice(gone), check);
    for (const reply of replies) if (!reply.after) addWay(reply.way, isMade);
  };
  addWay(way, isOf, whole);
  const keys = new Set([...seen, ...said].map((one) => one.key));
  return [...keys].flatMap((key) => {
    const there = seen.filter((one) => one.key === key);
    // An answer, too, may wait for its neighbour.
    const own = said.filter((one) => one.key === key && (!asked.has(key) || one.words.includes(" to ")));
    const ours = (isMixed(way) ? inOrderOf(there, own) : own).map((one, i) =>
      one.or && same(there[i]?.words ?? "", one.or.words) ? one.or : one,
    );
    const words = (one: { readonly words: string }) => (isLater(one.words) || whole?.fragment ? unshared(one.words) : one.words);
    const first = firstDifference(`frame on ${key}`, there.map(words), ours.map(words));
    if (first.length > 0) return first;
    return ours.flatMap((one, i) => {
      const wrong = one.differs?.(there[i]?.octets ?? new Uint8Array(0));
      if (wrong !== undefined && isLeftOpen(way, wrong, original)) return [];
      return wrong === undefined ? [] : [`octets of frame ${i + 1} on ${key}: ${wrong}`];
    });
  });
}
