/** What a text tells of a transport header and what is behind it. */
export interface TransportText {
  readonly protocol: number;
  /** The octets that are known, from the first on. */
  readonly octets: readonly number[];
  /** Octets of the whole transport packet; absent when the text does not tell. */
  readonly length?: number;
  /** Octets of the whole UDP datagram, where the text tells that apart. */
  readonly datagram?: number;
  /** The checksum that stands in the header where the text shows it: 0 for "[no cksum]". */
  readonly checksum?: number;
  /** Whether the header is more than ports: false when it had to be made up. */
  readonly isTold: boolean;
}

/** A number as octets in network order. */
export function octetsOf(value: number, count: number): number[] {
  const octets: number[] = [];
  for (let shift = count - 1; shift >= 0; shift--) octets.push(Math.floor(value / 256 ** shift) % 256);
  return octets;
}
