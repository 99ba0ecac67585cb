import { withAddress, withQuotedAddress } from "../../../src/engine/header-changes.ts";
import { packetOctets } from "../../../src/extensions/packet-octets.ts";
import { translatePrefix } from "../../../src/extensions/prefix-translation.ts";
import type { PacketContext } from "../../../src/extensions/spec.ts";
import type { Packet } from "../../../src/model/packet.ts";
import type { RuleStep, Step, Way } from "../../../src/model/trace.ts";

/** What is captured of a frame. */
export interface Overwritten {
  readonly packet: Packet;
  /** Its MAC address is the bridge's by then, which takes it up because of its new destination (br_netfilter_ipv6.c, br_nf_pre_routing_finish_ipv6). */
  readonly isReaddressed: boolean;
}

/**
 * By position among the frames of a way what the kernel's capture may show instead of one: SNPT and DNPT write into a packet that has just come
 * in without copying it first (ip6t_NPT.c), so that what was captured of its last frame, which shares its octets, has the new addresses, too;
 * and of the frames before that were the same, as a bridge sends to its ports. In an error `sent` by a raw socket they do not find the packet that
 * it quotes, for it does not say where its transport header is (rawv6_send_hdrinc).
 */
export function overwritten({ out, steps, allSteps }: Way, sent?: Packet): ReadonlyMap<number, Overwritten> {
  const found = new Map<number, Overwritten>();
  const quoted = isLocal(steps) && sent?.transport?.kind === "icmp" ? sent.transport.quoted?.dst : undefined;
  if (quoted !== undefined && steps.some((step) => step.kind === "rule" && isPrefixTranslation(step))) {
    for (const [i, { packet }] of out.entries()) {
      found.set(i, { packet: withQuotedAddress(packet, "dst", quoted), isReaddressed: false });
    }
  }
  let last = -1;
  for (const step of allSteps ?? steps) {
    if (step.kind === "device" && step.direction === "out") last++;
    const written = out[last];
    if (!written || step.kind !== "rule" || !isPrefixTranslation(step)) continue;
    const octets = String(packetOctets((found.get(last) ?? written).packet));
    const isReaddressed = step.hook === "PREROUTING" && steps.some((one) => one.kind === "bridge" && one.bridge === step.in);
    for (const [i, one] of out.slice(0, last + 1).entries()) {
      const { packet } = found.get(i) ?? one;
      if (String(packetOctets(packet)) === octets) found.set(i, { packet: translated(packet, step), isReaddressed });
    }
  }
  return found;
}

function isLocal(steps: readonly Step[]): boolean {
  return steps.find((step) => "hook" in step)?.hook === "OUTPUT";
}

function isPrefixTranslation({ rule: { target } }: RuleStep): boolean {
  return target?.kind === "extension" && (target.name === "SNPT" || target.name === "DNPT");
}

function translated(packet: Packet, { hook, rule: { target } }: RuleStep): Packet {
  if (target?.kind !== "extension" || !target.args) return packet;
  const isSource = target.name === "SNPT" && (hook === "INPUT" || hook === "POSTROUTING");
  const which = isSource ? "src" : target.name === "DNPT" && hook === "PREROUTING" ? "dst" : undefined;
  if (!which) return packet;
  const result = translatePrefix(target.args as never, which, { packet } as PacketContext);
  let changed = packet;
  for (const effect of ("effects" in result && result.effects) || []) {
    if (effect.kind === "set-address") changed = withAddress(changed, effect.which, effect.value);
    else if (effect.kind === "set-quoted-address") changed = withQuotedAddress(changed, effect.which, effect.value);
  }
  return changed;
}
