// Written by bin/generate-extensions.js: do not edit.
import * as matchAddrtype from "./matches/addrtype.ts";
import * as matchAh from "./matches/ah.ts";
import * as matchBpf from "./matches/bpf.ts";
import * as matchCgroup from "./matches/cgroup.ts";
import * as matchCluster from "./matches/cluster.ts";
import * as matchComment from "./matches/comment.ts";
import * as matchConnbytes from "./matches/connbytes.ts";
import * as matchConnlabel from "./matches/connlabel.ts";
import * as matchConnlimit from "./matches/connlimit.ts";
import * as matchConnmark from "./matches/connmark.ts";
import * as matchConntrack from "./matches/conntrack.ts";
import * as matchCpu from "./matches/cpu.ts";
import * as matchDccp from "./matches/dccp.ts";
import * as matchDevgroup from "./matches/devgroup.ts";
import * as matchDscp from "./matches/dscp.ts";
import * as matchDst from "./matches/dst.ts";
import * as matchEcn from "./matches/ecn.ts";
import * as matchEsp from "./matches/esp.ts";
import * as matchEui64 from "./matches/eui64.ts";
import * as matchFrag from "./matches/frag.ts";
import * as matchHashlimit from "./matches/hashlimit.ts";
import * as matchHbh from "./matches/hbh.ts";
import * as matchHelper from "./matches/helper.ts";
import * as matchHl from "./matches/hl.ts";
import * as matchIcmp from "./matches/icmp.ts";
import * as matchIcmp6 from "./matches/icmp6.ts";
import * as matchIpcomp from "./matches/ipcomp.ts";
import * as matchIprange from "./matches/iprange.ts";
import * as matchIpv6header from "./matches/ipv6header.ts";
import * as matchIpvs from "./matches/ipvs.ts";
import * as matchLength from "./matches/length.ts";
import * as matchLimit from "./matches/limit.ts";
import * as matchMac from "./matches/mac.ts";
import * as matchMark from "./matches/mark.ts";
import * as matchMh from "./matches/mh.ts";
import * as matchMultiport from "./matches/multiport.ts";
import * as matchNfacct from "./matches/nfacct.ts";
import * as matchOsf from "./matches/osf.ts";
import * as matchOwner from "./matches/owner.ts";
import * as matchPhysdev from "./matches/physdev.ts";
import * as matchPkttype from "./matches/pkttype.ts";
import * as matchPolicy from "./matches/policy.ts";
import * as matchQuota from "./matches/quota.ts";
import * as matchRateest from "./matches/rateest.ts";
import * as matchRealm from "./matches/realm.ts";
import * as matchRecent from "./matches/recent.ts";
import * as matchRpfilter from "./matches/rpfilter.ts";
import * as matchRt from "./matches/rt.ts";
import * as matchSctp from "./matches/sctp.ts";
import * as matchSet from "./matches/set.ts";
import * as matchSocket from "./matches/socket.ts";
import * as matchSrh from "./matches/srh.ts";
import * as matchState from "./matches/state.ts";
import * as matchStatistic from "./matches/statistic.ts";
import * as matchString from "./matches/string.ts";
import * as matchTcp from "./matches/tcp.ts";
import * as matchTcpmss from "./matches/tcpmss.ts";
import * as matchTime from "./matches/time.ts";
import * as matchTos from "./matches/tos.ts";
import * as matchTtl from "./matches/ttl.ts";
import * as matchU32 from "./matches/u32.ts";
import * as matchUdp from "./matches/udp.ts";
import type { MatchSpec, TargetSpec } from "./spec.ts";
import * as targetAUDIT from "./targets/AUDIT.ts";
import * as targetCHECKSUM from "./targets/CHECKSUM.ts";
import * as targetCLASSIFY from "./targets/CLASSIFY.ts";
import * as targetCLUSTERIP from "./targets/CLUSTERIP.ts";
import * as targetCONNMARK from "./targets/CONNMARK.ts";
import * as targetCONNSECMARK from "./targets/CONNSECMARK.ts";
import * as targetCT from "./targets/CT.ts";
import * as targetDNAT from "./targets/DNAT.ts";
import * as targetDNPT from "./targets/DNPT.ts";
import * as targetDSCP from "./targets/DSCP.ts";
import * as targetECN from "./targets/ECN.ts";
import * as targetHL from "./targets/HL.ts";
import * as targetHMARK from "./targets/HMARK.ts";
import * as targetIDLETIMER from "./targets/IDLETIMER.ts";
import * as targetLED from "./targets/LED.ts";
import * as targetLOG from "./targets/LOG.ts";
import * as targetMARK from "./targets/MARK.ts";
import * as targetMASQUERADE from "./targets/MASQUERADE.ts";
import * as targetNETMAP from "./targets/NETMAP.ts";
import * as targetNFLOG from "./targets/NFLOG.ts";
import * as targetNFQUEUE from "./targets/NFQUEUE.ts";
import * as targetNOTRACK from "./targets/NOTRACK.ts";
import * as targetRATEEST from "./targets/RATEEST.ts";
import * as targetREDIRECT from "./targets/REDIRECT.ts";
import * as targetREJECT from "./targets/REJECT.ts";
import * as targetSECMARK from "./targets/SECMARK.ts";
import * as targetSET from "./targets/SET.ts";
import * as targetSNAT from "./targets/SNAT.ts";
import * as targetSNPT from "./targets/SNPT.ts";
import * as targetSYNPROXY from "./targets/SYNPROXY.ts";
import * as targetTCPMSS from "./targets/TCPMSS.ts";
import * as targetTCPOPTSTRIP from "./targets/TCPOPTSTRIP.ts";
import * as targetTEE from "./targets/TEE.ts";
import * as targetTOS from "./targets/TOS.ts";
import * as targetTPROXY from "./targets/TPROXY.ts";
import * as targetTRACE from "./targets/TRACE.ts";
import * as targetTTL from "./targets/TTL.ts";
import * as targetULOG from "./targets/ULOG.ts";

/** Every match, one file each in matches/. */
export const MATCHES: readonly MatchSpec[] = [
  ...matchAddrtype.specs,
  ...matchAh.specs,
  ...matchBpf.specs,
  ...matchCgroup.specs,
  ...matchCluster.specs,
  ...matchComment.specs,
  ...matchConnbytes.specs,
  ...matchConnlabel.specs,
  ...matchConnlimit.specs,
  ...matchConnmark.specs,
  ...matchConntrack.specs,
  ...matchCpu.specs,
  ...matchDccp.specs,
  ...matchDevgroup.specs,
  ...matchDscp.specs,
  ...matchDst.specs,
  ...matchEcn.specs,
  ...matchEsp.specs,
  ...matchEui64.specs,
  ...matchFrag.specs,
  ...matchHashlimit.specs,
  ...matchHbh.specs,
  ...matchHelper.specs,
  ...matchHl.specs,
  ...matchIcmp.specs,
  ...matchIcmp6.specs,
  ...matchIpcomp.specs,
  ...matchIprange.specs,
  ...matchIpv6header.specs,
  ...matchIpvs.specs,
  ...matchLength.specs,
  ...matchLimit.specs,
  ...matchMac.specs,
  ...matchMark.specs,
  ...matchMh.specs,
  ...matchMultiport.specs,
  ...matchNfacct.specs,
  ...matchOsf.specs,
  ...matchOwner.specs,
  ...matchPhysdev.specs,
  ...matchPkttype.specs,
  ...matchPolicy.specs,
  ...matchQuota.specs,
  ...matchRateest.specs,
  ...matchRealm.specs,
  ...matchRecent.specs,
  ...matchRpfilter.specs,
  ...matchRt.specs,
  ...matchSctp.specs,
  ...matchSet.specs,
  ...matchSocket.specs,
  ...matchSrh.specs,
  ...matchState.specs,
  ...matchStatistic.specs,
  ...matchString.specs,
  ...matchTcp.specs,
  ...matchTcpmss.specs,
  ...matchTime.specs,
  ...matchTos.specs,
  ...matchTtl.specs,
  ...matchU32.specs,
  ...matchUdp.specs,
];

/** Every target, one file each in targets/. */
export const TARGETS: readonly TargetSpec[] = [
  ...targetAUDIT.specs,
  ...targetCHECKSUM.specs,
  ...targetCLASSIFY.specs,
  ...targetCLUSTERIP.specs,
  ...targetCONNMARK.specs,
  ...targetCONNSECMARK.specs,
  ...targetCT.specs,
  ...targetDNAT.specs,
  ...targetDNPT.specs,
  ...targetDSCP.specs,
  ...targetECN.specs,
  ...targetHL.specs,
  ...targetHMARK.specs,
  ...targetIDLETIMER.specs,
  ...targetLED.specs,
  ...targetLOG.specs,
  ...targetMARK.specs,
  ...targetMASQUERADE.specs,
  ...targetNETMAP.specs,
  ...targetNFLOG.specs,
  ...targetNFQUEUE.specs,
  ...targetNOTRACK.specs,
  ...targetRATEEST.specs,
  ...targetREDIRECT.specs,
  ...targetREJECT.specs,
  ...targetSECMARK.specs,
  ...targetSET.specs,
  ...targetSNAT.specs,
  ...targetSNPT.specs,
  ...targetSYNPROXY.specs,
  ...targetTCPMSS.specs,
  ...targetTCPOPTSTRIP.specs,
  ...targetTEE.specs,
  ...targetTOS.specs,
  ...targetTPROXY.specs,
  ...targetTRACE.specs,
  ...targetTTL.specs,
  ...targetULOG.specs,
];
