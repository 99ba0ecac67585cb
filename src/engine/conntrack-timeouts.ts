import type { TcpSettings, TcpState } from "./tcp-segment.ts";

/** Default timeouts in seconds (nf_conntrack_proto_*.c), replaced by the sysctl of the same name. */
const TIMEOUTS: Readonly<Record<string, number>> = {
  generic_timeout: 600,
  icmp_timeout: 30,
  icmpv6_timeout: 30,
  udp_timeout: 30,
  udp_timeout_stream: 120,
  gre_timeout: 30,
  gre_timeout_stream: 180,
  tcp_timeout_syn_sent: 120,
  // Of SYNs from both sides; no sysctl changes it.
  tcp_timeout_syn_sent2: 120,
  tcp_timeout_syn_recv: 60,
  tcp_timeout_established: 432000,
  tcp_timeout_fin_wait: 120,
  tcp_timeout_close_wait: 60,
  tcp_timeout_last_ack: 30,
  tcp_timeout_time_wait: 120,
  tcp_timeout_close: 10,
  tcp_timeout_max_retrans: 300,
  tcp_timeout_unacknowledged: 300,
  sctp_timeout_established: 210,
};

const TIMEOUT_NAMES: Readonly<Record<TcpState | "RETRANS" | "UNACK", string>> = {
  NONE: "tcp_timeout_syn_sent",
  SYN_SENT: "tcp_timeout_syn_sent",
  SYN_SENT2: "tcp_timeout_syn_sent2",
  SYN_RECV: "tcp_timeout_syn_recv",
  ESTABLISHED: "tcp_timeout_established",
  FIN_WAIT: "tcp_timeout_fin_wait",
  CLOSE_WAIT: "tcp_timeout_close_wait",
  LAST_ACK: "tcp_timeout_last_ack",
  TIME_WAIT: "tcp_timeout_time_wait",
  CLOSE: "tcp_timeout_close",
  RETRANS: "tcp_timeout_max_retrans",
  UNACK: "tcp_timeout_unacknowledged",
};

/** A setting of net.netfilter.nf_conntrack_*, by the rest of its name. */
export type Setting = (name: string, fallback: number) => number;

/** The settings of a namespace, each read once. */
export function settingOf(sysctl: Setting): Setting {
  const known = new Map<string, number>();
  return (name, fallback) => {
    let value = known.get(name);
    if (value === undefined) {
      value = sysctl(`net.netfilter.nf_conntrack_${name}`, fallback);
      known.set(name, value);
    }
    return value;
  };
}

/** A timeout in seconds, by the name of its sysctl. */
export function timeoutOf(setting: Setting, name: string): number {
  return setting(name, TIMEOUTS[name] ?? 600);
}

/** What decides over TCP segments. */
export function tcpSettings(setting: Setting): TcpSettings {
  return {
    loose: setting("tcp_loose", 1) !== 0,
    liberal: setting("tcp_be_liberal", 0) !== 0,
    ignoreInvalidRst: setting("tcp_ignore_invalid_rst", 0) !== 0,
    maxRetransmissions: setting("tcp_max_retrans", 3),
    timeout: (state) => timeoutOf(setting, TIMEOUT_NAMES[state]),
  };
}
