import type { Fork, MatchResult, PacketContext, TargetResult } from "./spec.ts";

/** Something about the host that no capture shows. */
interface HostFact {
  /** What a value looks like: "1000". */
  readonly value: string;
  /** "the user whose socket sent the packet" */
  readonly what: string;
  /** Whether a text is such a value. */
  readonly form: RegExp;
}

const YES_NO = /^(yes|no)$/;
const NUMBER = /^\d{1,10}$/;

/** What `--assume KEY=VALUE` can settle. */
export const HOST_FACTS = {
  "owner.socket": { value: "yes|no", what: "whether a socket of this host sent the packet", form: YES_NO },
  "owner.uid": { value: "UID", what: "the user whose socket sent the packet", form: NUMBER },
  "owner.gid": { value: "GID", what: "the group whose socket sent the packet", form: NUMBER },
  cpu: { value: "N", what: "which CPU handled the packet", form: NUMBER },
  "cgroup.path": { value: "PATH", what: "the control group of the packet's socket", form: /^\/?[^/]/ },
  "cgroup.classid": { value: "N", what: "the net_cls class of the packet's socket", form: /^(0x[0-9a-f]{1,8}|\d{1,10})$/i },
  ipsec: { value: "no", what: "whether the packet passed IPsec", form: /^no$/ },
  ipvs: { value: "no", what: "whether IPVS handles the packet's connection", form: /^no$/ },
  "osf.genre": { value: "NAME", what: "which operating system the fingerprints that were loaded make of the packet", form: /^\S+$/ },
  nfacct: { value: "match|no", what: "whether the accounting object has a quota, and is below it", form: /^(match|no)$/ },
  rateest: { value: "match|no", what: "what the rate estimator has measured", form: /^(match|no)$/ },
  socket: { value: "yes|no", what: "whether a socket of this host is open for the packet", form: YES_NO },
  tproxy: { value: "yes|no", what: "whether a transparent socket of this host takes the packet", form: YES_NO },
  nfqueue: { value: "yes|no", what: "whether a program listens on the queue", form: YES_NO },
  clusterip: { value: "yes|no", what: "whether this node of the cluster answers for the packet", form: YES_NO },
  "time.minuteswest": { value: "MINUTES", what: "the kernel's time zone", form: /^-?\d{1,4}$/ },
} as const satisfies Readonly<Record<string, HostFact>>;

/** Key of something that can be assumed. */
export type FactKey = keyof typeof HOST_FACTS;

/** Facts in words, with the flag that settles each: what a match forks on. */
export function factWords(...keys: readonly FactKey[]): string {
  return keys.map((key) => `${HOST_FACTS[key].what} (\`--assume ${key}=${HOST_FACTS[key].value}\`)`).join(", ");
}

/** What a match says when its answer hangs on a fact about the host: what `--assume` makes of it, or else that it is not known. */
export function unlessAssumed(context: PacketContext, key: FactKey, decide: (value: string) => boolean | undefined): MatchResult {
  const value = context.assume?.(key);
  const decided = value === undefined ? undefined : decide(value);
  const fact: HostFact = HOST_FACTS[key];
  return decided ?? { unknown: `${fact.what} (--assume ${key}=${fact.value})` };
}

/** A fork whose question `--assume` answers with yes or no, where it does. */
export function forkUnlessAssumed(context: PacketContext, key: FactKey, fork: Fork): TargetResult {
  const value = context.assume?.(key);
  if (value !== undefined) return value === "yes" ? fork.yes : fork.no;
  return { ...fork, when: `${fork.when} (--assume ${key}=yes)`, otherwise: `${fork.otherwise} (--assume ${key}=no)` };
}
