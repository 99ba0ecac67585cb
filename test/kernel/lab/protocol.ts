/** The packet filter that rules are loaded into: one of the two that the command `iptables` may be. */
export type Backend = "legacy" | "nft";

/** A namespace to build, and in it whatever is wanted; commands are lines for `ip -batch`. */
export interface NamespacePlan {
  readonly name: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly commands?: readonly string[];
  /** Lines for `ip -6 -batch`. */
  readonly commands6?: readonly string[];
  /** Lines for `bridge -batch`. */
  readonly bridge?: readonly string[];
  /** For `ipset restore`. */
  readonly sets?: string;
  /** For `iptables-restore`. */
  readonly rules?: string;
  /** For `ip6tables-restore`; IPv6 is on then. */
  readonly rules6?: string;
  readonly ipv6?: boolean;
}

/** One end of a veth pair. */
export interface LinkEnd {
  readonly netns: string;
  readonly device: string;
  readonly mac?: string;
}

/** A veth pair; without a second end it leads into the world, which is not in the snapshot and answers nothing. */
export interface Link {
  readonly a: LinkEnd;
  readonly b: LinkEnd | null;
  /** The first end is a macvlan of this mode on the second one, which is there already, and no veth pair. */
  readonly macvlan?: MacvlanMode;
}

export type MacvlanMode = "private" | "vepa" | "bridge" | "passthru";

/** What to build. In every namespace sockets that say nothing stand on the silent ports. */
export interface Plan {
  readonly backend: Backend;
  readonly namespaces: readonly NamespacePlan[];
  readonly links?: readonly Link[];
  readonly silent?: { readonly tcp?: readonly number[]; readonly udp?: readonly number[] };
}

/** A frame that arrives at a device, or a packet that a local socket sends; both in hexadecimal digits. */
export type Sending =
  | { readonly netns: string; readonly device: string; readonly frame: string; readonly quiet?: number }
  | { readonly netns: string; readonly packet: string; readonly mark?: number; readonly device?: string; readonly quiet?: number };

/** A rule, chain end or policy that the kernel reported. Of legacy, kind is the kernel's word, and the mark the one before the rule. */
export interface LabStep {
  readonly netns: string;
  readonly table: string;
  readonly chain: string;
  readonly kind: "rule" | "return" | "policy";
  readonly rule: number;
  readonly mark: number;
  /** Of nft: the mark is the one after the rule. */
  readonly markAfter?: true;
  readonly hook: number;
  readonly in: string;
  readonly out: string;
  readonly physin: string;
  readonly physout: string;
  /** The IP packet at this step; of nft its headers, and only at the first step of a built-in chain. */
  readonly packet?: string;
}

/** A frame as it was seen on a device. */
export interface LabFrame {
  readonly netns: string;
  readonly device: string;
  readonly direction: "in" | "out";
  readonly type: "host" | "broadcast" | "multicast" | "otherhost" | "outgoing";
  readonly frame: string;
  /** The transport checksum was not yet computed (on the loopback device it never is). */
  readonly checksum?: "partial";
}

/** What a namespace's raw sockets got; of IPv6 the kernel gives no header, but fields of it. */
export type LabDelivery =
  | { readonly netns: string; readonly packet: string }
  | {
      readonly netns: string;
      readonly protocol: number;
      readonly source: string;
      readonly destination: string;
      readonly hopLimit: number;
      /** Traffic class and flow label. */
      readonly flow: number;
      readonly payload: string;
    };

/** All that happened because of one packet. */
export interface Sent {
  /** Nanoseconds since 1970, when the packet was seen at its device or left its socket. */
  readonly time: string;
  /** The name of the error number that the sending socket was given. */
  readonly error?: string;
  /** There was no end of what happened, and what is told of it is a part; no further packet can be judged. */
  readonly endless?: true;
  readonly steps: readonly LabStep[];
  readonly frames: readonly LabFrame[];
  readonly delivered: readonly LabDelivery[];
  /** By namespace: by how much the counters of /proc/net moved that did. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What the machine refused while a case was built; stage is the member of the plan that it did not take. */
export interface Refusal {
  readonly error: string;
  readonly stage?: string;
  readonly netns?: string;
  readonly stderr?: string;
}

/** A case that stands: the snapshot of its namespaces, text by path. */
export interface Built {
  readonly snapshot: Readonly<Record<string, string>>;
}

/** What this machine can do, or what it lacks. */
export type Probe = { readonly ok: true; readonly kernel: string; readonly backends: readonly Backend[] } | { readonly error: string };

/** What a command said that was run within a namespace. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
