import { type Packet, PROTOCOL } from "../model/packet.ts";
import { account } from "./accounting.ts";
import type { Connection } from "./connection.ts";
import { trackSctp } from "./conntrack-sctp.ts";
import { newTcp, restoredTcp, trackTcp } from "./conntrack-tcp.ts";
import { type Setting, tcpSettings, timeoutOf } from "./conntrack-timeouts.ts";
import type { TcpSettings } from "./tcp-segment.ts";

const SECOND = 1_000_000_000n;

/** How long an entry must have to live for a FIN or RST out of window to matter (nf_tcp_handle_invalid). */
const LONG = 120n * SECOND;

const ICMP_REQUESTS = new Set([8, 13, 15, 17]);
const ICMP6_REQUESTS = new Set([128, 139]);

/** What a protocol's tracker says; nothing when the packet is taken in. */
export type ProtocolVerdict = { readonly invalid: string } | "reopen" | "forget" | undefined;

/** The protocols' own parts of connection tracking (nf_conntrack_handle_packet). */
export class ProtocolTrackers {
  readonly #setting: Setting;
  readonly #tcp: TcpSettings;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#tcp = tcpSettings(setting);
  }

  #timeout(name: string): number {
    return timeoutOf(this.#setting, name);
  }

  /** Takes a packet into its connection, which is changed, or says why it does not belong there. */
  track(connection: Connection, packet: Packet, dir: 0 | 1, now: bigint): ProtocolVerdict {
    switch (packet.transport?.kind) {
      case "tcp":
        return this.#trackTcp(connection, packet, dir, now);
      case "udp":
        if (!connection.confirmed) connection.streamFrom = now + 2n * SECOND;
        this.#exchange(connection, now, "udp_timeout", "udp_timeout_stream", now > connection.streamFrom);
        account(connection, dir, packet.length);
        return undefined;
      case "icmp":
        return this.#trackIcmp(connection, packet, dir, now);
      case "sctp":
        return this.#trackSctp(connection, packet, dir, now);
    }
    if (packet.protocol === PROTOCOL.udplite) this.#exchange(connection, now, "udp_timeout", "udp_timeout_stream", true);
    else if (packet.protocol === PROTOCOL.gre) this.#exchange(connection, now, "gre_timeout", "gre_timeout_stream", true);
    else refresh(connection, now, this.#timeout("generic_timeout"));
    account(connection, dir, packet.length);
    return undefined;
  }

  /** One timeout until an answer was seen, another one after it (nf_conntrack_udp_packet and its like). */
  #exchange(connection: Connection, now: bigint, unanswered: string, answered: string, lasting: boolean): void {
    const both = connection.seenReply && lasting;
    if (both) connection.assured = true;
    refresh(connection, now, this.#timeout(both ? answered : unanswered));
  }

  #trackTcp(connection: Connection, packet: Packet, dir: 0 | 1, now: bigint): ProtocolVerdict {
    const tcp = packet.transport;
    if (tcp?.kind !== "tcp") return undefined;
    if (!connection.confirmed && !connection.tcp) {
      connection.tcp = newTcp(packet, tcp, this.#tcp);
      if (!connection.tcp) return { invalid: "no connection is known that this segment could belong to" };
    }
    connection.tcp ??= restoredTcp("ESTABLISHED");
    const verdict = trackTcp(connection.tcp, packet, tcp, dir, connection, this.#tcp);
    if (verdict.kind === "reopen") return "reopen";
    if (verdict.kind === "invalid") {
      const left = connection.expires - now;
      if (verdict.lower !== undefined && left >= LONG && left > BigInt(verdict.lower) * SECOND) refresh(connection, now, verdict.lower);
      return { invalid: verdict.why };
    }
    if (verdict.assure) connection.assured = true;
    // A segment that changes nothing is let through, but neither prolongs the entry nor counts (nf_conntrack_tcp_packet).
    if (verdict.timeout !== undefined || verdict.kill) account(connection, dir, packet.length);
    if (verdict.timeout !== undefined) refresh(connection, now, verdict.timeout);
    return verdict.kill ? "forget" : undefined;
  }

  /** nf_conntrack_tcp_set_closing */
  close(connection: Connection, now: bigint): void {
    if (!connection.tcp || connection.tcp.state === "CLOSE") return;
    connection.tcp.state = "CLOSE";
    refresh(connection, now, this.#tcp.timeout("CLOSE"));
  }

  /** nf_conntrack_icmp_packet, nf_conntrack_icmpv6_packet */
  #trackIcmp(connection: Connection, packet: Packet, dir: 0 | 1, now: bigint): ProtocolVerdict {
    const type = packet.transport?.kind === "icmp" ? packet.transport.type : 0;
    if (!connection.confirmed && !(packet.family === 4 ? ICMP_REQUESTS : ICMP6_REQUESTS).has(type))
      return {
        invalid: packet.family === 4 ? "it is an ICMP answer to no known request" : "it is an ICMPv6 message that opens no connection",
      };
    refresh(connection, now, this.#timeout(packet.family === 4 ? "icmp_timeout" : "icmpv6_timeout"));
    account(connection, dir, packet.length);
    return undefined;
  }

  #trackSctp(connection: Connection, packet: Packet, dir: 0 | 1, now: bigint): ProtocolVerdict {
    if (packet.transport?.kind !== "sctp") return undefined;
    const verdict = trackSctp(connection.confirmed ? connection.sctp : undefined, packet, packet.transport, dir);
    if (verdict.tracking) connection.sctp = verdict.tracking;
    if (verdict.assure) connection.assured = true;
    if (verdict.why !== undefined) return { invalid: verdict.why };
    if (verdict.refresh !== undefined) account(connection, dir, packet.length);
    if (verdict.refresh !== undefined) refresh(connection, now, this.#timeout(`sctp_timeout_${verdict.refresh.toLowerCase()}`));
    return undefined;
  }
}

function refresh(connection: Connection, now: bigint, seconds: number): void {
  connection.expires = now + spanOf(seconds);
}

/** Nanoseconds of the timeouts that were asked for, of which there are a few. */
const SPANS = new Map<number, bigint>();

function spanOf(seconds: number): bigint {
  let span = SPANS.get(seconds);
  if (span === undefined) {
    span = BigInt(Math.round(seconds)) * SECOND;
    SPANS.set(seconds, span);
  }
  return span;
}
