/** The words that describe a packet nobody captured: those of `nettrace packet`, and of a packet in a test file. */
export interface PacketWords {
  readonly protocol: string;
  readonly src: string;
  readonly dst: string;
  readonly flags?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: number | undefined;
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
  readonly length?: number | undefined;
}
