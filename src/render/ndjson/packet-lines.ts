import type { PacketTrace, Way } from "../../model/trace.ts";
import { jsonText, type Piece } from "./fields.ts";
import { HeadTexts } from "./head-texts.ts";
import { LikeText } from "./like-text.ts";
import { Recent } from "./recent.ts";
import { Remembered } from "./remembered.ts";
import { ALTERNATIVE, OBSERVATION, OPENING, SIGHTING } from "./trace-fields.ts";
import { type WayText, WayTexts } from "./way-texts.ts";

/** So many traces that others went like, and lists of assumptions, are kept as text. */
const KEPT = 1024;
/** So many ways of packets that are seen again, which is mostly at once; more would be so many objects that the collector of garbage copies. */
const SEEN = 64;

/** What lines are written to, piece by piece. */
export interface Pieces {
  put(piece: Piece): void;
}

/** Writes traces as JSON.stringify would write their traceObject; what comes again is written once. */
export class PacketLines {
  readonly #to: Pieces;
  readonly #spelling = new Remembered();
  readonly #heads = new HeadTexts(this.#spelling);
  readonly #ways = new WayTexts(this.#spelling);
  readonly #likes = new Recent<PacketTrace, LikeText>(KEPT);
  readonly #seen = new Recent<Way, WayText>(SEEN);
  readonly #assumptions = new Recent<PacketTrace["assumptions"], string>(KEPT);

  constructor(to: Pieces) {
    this.#to = to;
  }

  /** Puts what became of one packet, with text before and after it; `time` is RFC 3339. */
  put(before: string, trace: PacketTrace, time: string, after: string): void {
    const spelling = this.#spelling;
    const { begin, body, rest } = this.#way(trace);
    const to = this.#to;
    to.put(`${before}{${OPENING.text(trace, spelling)},"time":"${time}",`);
    to.put(this.#heads.text(trace));
    if (trace.seenBefore !== undefined) to.put(`${SIGHTING.text(trace, spelling)},`);
    to.put(begin);
    to.put(body);
    to.put(`${rest}${this.#end(trace)}}${after}`);
  }

  #way({ way, like, seenBefore, observed }: PacketTrace): WayText {
    const known = seenBefore === undefined ? undefined : this.#seen.get(way);
    if (known) return known;
    const text = (like && this.#like(like).way(way)) ?? this.#ways.text(way);
    if (observed.length > 0) this.#seen.set(way, text);
    return text;
  }

  #like(like: PacketTrace): LikeText {
    const known = this.#likes.get(like);
    if (known) return known;
    const text = new LikeText(like.way, this.#ways);
    this.#likes.set(like, text);
    return text;
  }

  /** What else was seen of the packet, and what its fate hangs on. */
  #end(trace: PacketTrace): string {
    const { observed, missing, decided, assumptions, alternatives } = trace;
    let text = ',"observed":[';
    for (const [i, seen] of observed.entries()) text += `${i === 0 ? "{" : ",{"}${OBSERVATION.text(seen, this.#spelling)}}`;
    text += missing.length > 0 ? `],"missing":${jsonText(missing)}` : "]";
    if (decided.length > 0) text += `,"decided":${jsonText(decided)}`;
    text += `,"assumptions":${assumptions.length > 0 ? this.#assumed(assumptions) : "[]"}`;
    return `${text},"alternatives":[${alternatives.length > 0 ? this.#alternatives(alternatives) : ""}]`;
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
