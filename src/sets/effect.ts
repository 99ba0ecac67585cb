import type { Masked } from "../extensions/codecs.ts";

/** What a rule has changed of a packet that goes on: what rules behind it see. */
export interface Effect {
  /** The mark: bits of the mask have become the value's, others are turned round where the value has them. */
  readonly mark: Masked;
  /** Names of changes after which conditions on more than header values may answer otherwise. */
  readonly since: string;
  /** Names of those after which also the mark and the state are others. */
  readonly anew: string;
}

export const NO_EFFECT: Effect = { mark: { value: 0, mask: 0 }, since: "", anew: "" };

/** Whether anything is changed at all. */
export function changes({ mark, since, anew }: Effect): boolean {
  return mark.mask !== 0 || mark.value !== 0 || since !== "" || anew !== "";
}

/** Two changes, one after the other, as one. */
export function followedBy(first: Effect, then: Effect): Effect {
  const [a, b] = [first.mark, then.mark];
  const mask = (a.mask | b.mask) >>> 0;
  const both = { mask, value: ((a.value & ~b.mask) ^ b.value) >>> 0 };
  return {
    mark: then.anew === "" ? both : b,
    since: first.since + then.since,
    anew: first.anew + then.anew,
  };
}

/** Conditions that say the same of a packet whatever is changed of its headers. */
export const NOT_OF_HEADERS: ReadonlySet<string> = new Set([
  ...["addrtype", "cgroup", "connlimit", "connmark", "conntrack", "cpu", "devgroup", "helper", "mac", "owner", "physdev", "pkttype"],
  ...["policy", "realm", "rpfilter", "set", "socket", "time"],
]);
