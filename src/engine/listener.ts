import type { Frame } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";

/**
 * Is told of packets as soon as they were followed, and not only when nothing can be added to what is known of them: the traces of packets
 * that may still be seen elsewhere are most of what a replay keeps.
 */
export interface Listener {
  /**
   * The next packet was followed. Says whether its trace is kept: what is seen of it later comes into its lists then, `observed` and `missing`.
   * Of its frame and packet nothing is kept, which may be lent: they become those of the trace when that is.
   */
  followed(trace: PacketTrace): boolean;
  /** The next frame, which may be lent, shows an earlier packet again. */
  again(frame: Frame): void;
  /** An earlier packet of a connection was not seen where it should have been. */
  missed(flow: number): void;
}
