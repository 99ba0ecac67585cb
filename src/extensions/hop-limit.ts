import { number } from "./codecs.ts";
import { type Draw, not } from "./draw.ts";
import type { PacketContext, TargetResult } from "./spec.ts";

/** Values of --ttl-set and --hl-set. */
export const SET = number(0, 255);

/** Values of the options that add and subtract. */
export const STEP = number(1, 255);

interface Change {
  readonly set?: { readonly value: number } | undefined;
  readonly dec?: { readonly value: number } | undefined;
  readonly inc?: { readonly value: number } | undefined;
}

/** xt_HL.c, ttl_tg and hl_tg6: it stops at 0 and 255. */
export function changeHops({ set, dec, inc }: Change, { packet }: PacketContext): TargetResult {
  const value = set?.value ?? packet.ttl + (inc?.value ?? 0) - (dec?.value ?? 0);
  return { verdict: "CONTINUE", effects: [{ kind: "set-ttl", value: Math.max(0, Math.min(255, value)) }] };
}

/** "set the TTL to 5". */
export function hopWords(name: string, { set, dec, inc }: Change): string {
  if (set) return `set the ${name} to ${set.value}`;
  return dec ? `lower the ${name} by ${dec.value}` : `raise the ${name} by ${inc?.value ?? 0}`;
}

/** The message for anything but one of the three. */
export function checkHops(flags: string, { set, dec, inc }: Change): string | undefined {
  return [set, dec, inc].filter((option) => option).length === 1 ? undefined : `exactly one of ${flags} must be given`;
}

/** A condition on the hops that are left; `flag` is the options' common beginning. */
export function drawHops(d: Draw, flag: string): string {
  const hops = d.chance(12) ? d.pick([0, 255]) : d.pick([d.integer(1, 64), 63, 64]);
  return d.pick([`${not(d)}${flag}-eq ${hops}`, `${flag}-lt ${hops}`, `${flag}-gt ${hops}`]);
}

/** A change of the hops that are left. */
export function drawHopChange(d: Draw, flag: string): string {
  const step = d.chance(3) ? d.integer(1, 255) : d.integer(1, 3);
  return d.pick([`${flag}-set ${d.pick([0, 1, 2, 64, 255])}`, `${flag}-dec ${step}`, `${flag}-inc ${step}`]);
}
