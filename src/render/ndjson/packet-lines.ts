import type { PacketTrace, Way } from "../../model/trace.ts";
import { jsonText } from "./fields.ts";
import { HeadTexts } from "./head-texts.ts";
import { LikeText } from "./like-text.ts";
import { ObservationTexts } from "./observation-texts.ts";
import { octetsOf, type Piece, type Pieces } from "./pieces.ts";
import { Recent } from "./recent.ts";
import { Remembered } from "./remembered.ts";
import { ALTERNATIVE, OPENING, SIGHTING } from "./trace-fields.ts";
import { WayTexts } from "./way-texts.ts";

/** So many traces that others went like, and lists of assumptions, are kept as text. */
const KEPT = 1024;
/** So many ways of packets that are seen again, which is mostly at once; more would be so many objects that the collector of garbage copies. */
const SEEN = 64;

const FIRST = octetsOf('{"packet":');
const TIME = octetsOf(',"time":"');
const TIMED = octetsOf('",');
const AGAIN = octetsOf('"seenBefore":');
const NEXT = octetsOf(",");
const OBSERVED = octetsOf(',"observed":[');
/** How most lines end. */
const END = octetsOf('],"assumptions":[],"alternatives":[]}');

/** Writes traces as JSON.stringify would write their traceObject; what comes again is written once. */
export class PacketLines {
  readonly #to: Pieces;
  readonly #spelling = new Remembered();
  readonly #heads = new HeadTexts(this.#spelling);
  readonly #ways = new WayTexts(this.#spelling);
  readonly #observations = new ObservationTexts();
  readonly #likes = new Recent<PacketTrace, LikeText>(KEPT);
  readonly #seen = new Recent<Way, readonly Piece[]>(SEEN);
  readonly #assumptions = new Recent<PacketTrace["assumptions"], string>(KEPT);

  constructor(to: Pieces) {
    this.#to = to;
  }

  /** Puts what became of one packet, with text before and after it; `time` is RFC 3339. */
  put(before: string, trace: PacketTrace, time: string, after: string): void {
    const to = this.#to;
    if (before !== "") to.put(before);
    this.#open(trace, time);
    to.put(this.#heads.text(trace));
    if (trace.seenBefore !== undefined) this.#again(trace, trace.seenBefore);
    this.#way(trace.earlier ?? trace);
    this.#close(trace);
    to.put(after);
  }

  /** Which packet it is, and when it was there. */
  #open(trace: PacketTrace, time: string): void {
    const to = this.#to;
    if (trace.frame.source) to.put(`{${OPENING.text(trace, this.#spelling)}`);
    else {
      to.put(FIRST);
      to.number(trace.frame.number);
    }
    to.put(TIME);
    to.put(time);
    to.put(TIMED);
  }

  /** Of which one it is another sighting. */
  #again(trace: PacketTrace, before: number): void {
    const to = this.#to;
    if (trace.seenBeforeIn !== undefined) to.put(SIGHTING.text(trace, this.#spelling));
    else {
      to.put(AGAIN);
      to.number(before);
    }
    to.put(NEXT);
  }

  #way(trace: PacketTrace): void {
    const { like } = trace;
    if (like) this.#like(like).put(trace, this.#to);
    else for (const piece of this.#pieces(trace)) this.#to.put(piece);
  }

  #pieces({ way, observed }: PacketTrace): readonly Piece[] {
    const known = this.#seen.get(way);
    if (known) return known;
    const pieces = this.#ways.pieces(way);
    if (observed.length > 0) this.#seen.set(way, pieces);
    return pieces;
  }

  #like(like: PacketTrace): LikeText {
    const known = this.#likes.get(like);
    if (known) return known;
    const text = new LikeText(like, this.#ways);
    this.#likes.set(like, text);
    return text;
  }

  /** What else was seen of the packet, and what its fate hangs on. */
  #close(trace: PacketTrace): void {
    const { observed, missing, decided, assumptions, alternatives } = trace;
    const to = this.#to;
    to.put(OBSERVED);
    for (let i = 0; i < observed.length; i++) {
      if (i > 0) to.put(NEXT);
      this.#observations.put(observed[i] as PacketTrace["observed"][number], to);
    }
    if (missing.length === 0 && decided.length === 0 && assumptions.length === 0 && alternatives.length === 0) {
      to.put(END);
      return;
    }
    to.put(missing.length > 0 ? `],"missing":${jsonText(missing)}` : "]");
    if (decided.length > 0) to.put(`,"decided":${jsonText(decided)}`);
    to.put(`,"assumptions":${assumptions.length > 0 ? this.#assumed(assumptions) : "[]"}`);
    to.put(`,"alternatives":[${alternatives.length > 0 ? this.#alternatives(alternatives) : ""}]}`);
  }

  #assumed(assumptions: PacketTrace["assumptions"]): string {
    const known = this.#assumptions.get(assumptions);
    if (known !== undefined) return known;
    const text = JSON.stringify(assumptions.map(({ id, text, flag }) => ({ id, text, flag })));
    this.#assumptions.set(assumptions, text);
    return text;
  }

  #alternatives(ways: readonly Way[]): string {
    return ways.map((way) => `{${ALTERNATIVE.text(way, this.#spelling)},${this.#ways.fields(way)}}`).join(",");
  }
}
