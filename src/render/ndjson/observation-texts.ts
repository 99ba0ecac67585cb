import type { Observation } from "../../model/trace.ts";
import { jsonText } from "./fields.ts";
import { octetsOf, type Pieces } from "./pieces.ts";

/** Devices whose text is kept. */
const MOST = 1024;

/** What stands around the numbers of what was seen on a device, in a namespace and a capture. */
interface Place extends Pick<Observation, "capture" | "netns"> {
  readonly before: Uint8Array;
  readonly between: Uint8Array;
}

/** Writes where packets were seen: as the fields of OBSERVATION, with the braces. */
export class ObservationTexts {
  /** By device, the last one of each name. */
  readonly #places = new Map<string | undefined, Place>();

  put(seen: Observation, to: Pieces): void {
    const known = this.#places.get(seen.interface);
    const { before, between } = known?.netns === seen.netns && known.capture === seen.capture ? known : this.#keep(seen);
    to.put(before);
    to.number(seen.packet);
    to.put(between);
    to.put(`${Number(seen.after) / 1e6}}`);
  }

  #keep({ capture, netns, interface: device }: Observation): Place {
    const on = device === undefined ? "" : `,"interface":${jsonText(device)}`;
    const place: Place = {
      ...{ capture, netns },
      before: octetsOf(`{"capture":${jsonText(capture)},"packet":`),
      between: octetsOf(`,"netns":${jsonText(netns)}${on},"afterMs":`),
    };
    if (this.#places.size >= MOST) this.#places.clear();
    this.#places.set(device, place);
    return place;
  }
}
