import type { Address } from "../model/address.ts";

/** The range that a NAT target asks for; ports are inclusive. */
export interface NatRange {
  readonly manip: "src" | "dst";
  readonly minAddress?: Address;
  readonly maxAddress?: Address;
  readonly minPort?: number;
  readonly maxPort?: number;
  /** First port of the original range, for `--to-destination a:b/base`. */
  readonly basePort?: number;
  readonly random?: boolean;
  readonly persistent?: boolean;
  /** NETMAP: network bits to replace. */
  readonly netmap?: { readonly address: Address; readonly mask: Address };
}

export type RejectWith =
  | "icmp-net-unreachable"
  | "icmp-host-unreachable"
  | "icmp-proto-unreachable"
  | "icmp-port-unreachable"
  | "icmp-net-prohibited"
  | "icmp-host-prohibited"
  | "icmp-admin-prohibited"
  | "tcp-reset"
  | "icmp6-no-route"
  | "icmp6-adm-prohibited"
  | "icmp6-addr-unreachable"
  | "icmp6-port-unreachable"
  | "icmp6-policy-fail"
  | "icmp6-reject-route";

/** What a target does to packet, connection or world. The engine applies it, and so it lands in the trace. */
export type Effect =
  | { readonly kind: "set-mark"; readonly value: number }
  | { readonly kind: "set-ctmark"; readonly value: number }
  | { readonly kind: "set-ttl"; readonly value: number }
  | { readonly kind: "set-tos"; readonly value: number }
  | { readonly kind: "set-mss"; readonly value: number | "pmtu" }
  /** NPT: another address in the header, or in that of the packet that an ICMP error quotes; nothing is kept about it. */
  | { readonly kind: "set-address" | "set-quoted-address"; readonly which: "src" | "dst"; readonly value: Address }
  | { readonly kind: "set-tcp-flags"; readonly value: number }
  /** TCPOPTSTRIP: options of these kinds become no-operations. */
  | { readonly kind: "strip-options"; readonly kinds: readonly number[] }
  /** TEE: a copy that goes to a gateway, through a device if one is named. */
  | { readonly kind: "duplicate"; readonly gateway: Address; readonly device?: string }
  /** TPROXY: it belongs to a local socket from here on. */
  | { readonly kind: "assign-socket" }
  | { readonly kind: "set-priority"; readonly value: number }
  | { readonly kind: "notrack" }
  | {
      readonly kind: "ct-template";
      /** Key of the rule: all packets that it decides for share its template. */
      readonly rule: string;
      readonly zone?: number;
      readonly zoneDirection?: "orig" | "reply";
      readonly helper?: string;
      /** Name of a policy for the connection's timeouts (nfct timeout). */
      readonly timeout?: string;
    }
  | { readonly kind: "nat"; readonly range: NatRange }
  /** REDIRECT: to this host; ports and randomness as in `range`. */
  | { readonly kind: "redirect"; readonly range: NatRange }
  | { readonly kind: "masquerade"; readonly range: NatRange }
  | { readonly kind: "reject"; readonly with: RejectWith }
  | { readonly kind: "log"; readonly prefix: string };
