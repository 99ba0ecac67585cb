import type { Hook } from "../model/rule.ts";
import type { Skb } from "./skb.ts";

/**
 * Whether the checksum of an ICMP message is right, or was when netfilter looked before and does not look again (nf_ip_checksum, nf_ip6_checksum):
 * once holds until it is forwarded (skb_forward_csum), twice on the way in for good, whatever rules change in between.
 */
export function hasRightSum(skb: Skb, hook: Hook): boolean {
  const isKnown = skb.checksumSum === "unnecessary" || (skb.checksumSum === "complete" && (skb.local || hook !== "POSTROUTING"));
  if (isKnown) {
    if (hook === "PREROUTING" || hook === "INPUT") skb.checksumSum = "unnecessary";
    return true;
  }
  // It is summed up from the IP header on, which is no longer right where this host has written into its options.
  skb.checksumVerified = skb.packet.checksum !== "bad" && skb.packet.headerChecksum !== "bad";
  if (skb.checksumVerified) skb.checksumSum = "complete";
  return skb.checksumVerified;
}
