// Written by bin/generate-extensions.js: do not edit.
import * as matchComment from "./matches/comment.ts";
import * as matchConnmark from "./matches/connmark.ts";
import * as matchConntrack from "./matches/conntrack.ts";
import * as matchCpu from "./matches/cpu.ts";
import * as matchDscp from "./matches/dscp.ts";
import * as matchHelper from "./matches/helper.ts";
import * as matchHl from "./matches/hl.ts";
import * as matchIcmp from "./matches/icmp.ts";
import * as matchIcmp6 from "./matches/icmp6.ts";
import * as matchIprange from "./matches/iprange.ts";
import * as matchLength from "./matches/length.ts";
import * as matchMac from "./matches/mac.ts";
import * as matchMark from "./matches/mark.ts";
import * as matchMultiport from "./matches/multiport.ts";
import * as matchPkttype from "./matches/pkttype.ts";
import * as matchRealm from "./matches/realm.ts";
import * as matchRpfilter from "./matches/rpfilter.ts";
import * as matchState from "./matches/state.ts";
import * as matchTcp from "./matches/tcp.ts";
import * as matchTos from "./matches/tos.ts";
import * as matchTtl from "./matches/ttl.ts";
import * as matchUdp from "./matches/udp.ts";
import type { MatchSpec, TargetSpec } from "./spec.ts";

/** Every match, one file each in matches/. */
export const MATCHES: readonly MatchSpec[] = [
  ...matchComment.specs,
  ...matchConnmark.specs,
  ...matchConntrack.specs,
  ...matchCpu.specs,
  ...matchDscp.specs,
  ...matchHelper.specs,
  ...matchHl.specs,
  ...matchIcmp.specs,
  ...matchIcmp6.specs,
  ...matchIprange.specs,
  ...matchLength.specs,
  ...matchMac.specs,
  ...matchMark.specs,
  ...matchMultiport.specs,
  ...matchPkttype.specs,
  ...matchRealm.specs,
  ...matchRpfilter.specs,
  ...matchState.specs,
  ...matchTcp.specs,
  ...matchTos.specs,
  ...matchTtl.specs,
  ...matchUdp.specs,
];

/** Every target, one file each in targets/. */
export const TARGETS: readonly TargetSpec[] = [];
