import type { Observation } from "../../model/trace.ts";
import { PLAIN } from "./fields.ts";
import { octetsOf, type Pieces } from "./pieces.ts";
import { OBSERVATION } from "./trace-fields.ts";

/** Devices whose text is kept. */
const MOST = 1024;

/** What stands around the numbers of what was seen on a device, in a namespace and a capture. */
interface Place extends Pick<Observation, "capture" | "netns"> {
  readonly before: Uint8Array;
  readonly between: Uint8Array;
  readonly after: string;
}

/** Writes where packets were seen: as the fields of OBSERVATION, with the braces. */
export class ObservationTexts {
  /** By device, the last one of each name. */
  readonly #places = new Map<string | undefined, Place>();

  put(seen: Observation, to: Pieces): void {
    const known = this.#places.get(seen.interface);
    const { before, between, after } = known?.netns === seen.netns && known.capture === seen.capture ? known : this.#keep(seen);
    to.put(before);
    to.number(seen.packet);
    to.put(between);
    to.put(`${Number(seen.after) / 1e6}${after}`);
  }

  #keep(seen: Observation): Place {
    const { capture, netns } = seen;
    const [before, between = "", after] = OBSERVATION.around(seen, PLAIN, "packet", "afterMs");
    const place: Place = { capture, netns, before: octetsOf(`{${before}`), between: octetsOf(between), after: `${after}}` };
    if (this.#places.size >= MOST) this.#places.clear();
    this.#places.set(seen.interface, place);
    return place;
  }
}
