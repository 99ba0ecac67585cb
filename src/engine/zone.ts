/** A conntrack zone (struct nf_conntrack_zone): for both directions of a connection, or for one, the other being in zone 0. */
export interface Zone {
  readonly id: number;
  readonly direction?: "orig" | "reply";
}

/** The zone of packets that no CT rule has put into another. */
export const DEFAULT_ZONE: Zone = { id: 0 };

/** The number of a zone in a direction (nf_ct_zone_id). */
export function zoneIn({ id, direction }: Zone, of: "original" | "reply"): number {
  return direction === undefined || (direction === "orig") === (of === "original") ? id : 0;
}
