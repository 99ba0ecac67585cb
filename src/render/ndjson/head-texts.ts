import type { PacketTrace, Verdict } from "../../model/trace.ts";
import { Ends } from "./ends.ts";
import type { Spelling } from "./fields.ts";
import { octetsOf } from "./pieces.ts";
import { Recent } from "./recent.ts";
import { HEAD } from "./trace-fields.ts";

/** Connections whose heads are kept. */
const MOST = 1024;
/** Heads of one connection: those of two directions, each on a few devices. */
const MOST_OF_ONE = 8;

/** What a head says, and its text as octets. It does not hold the trace, which would hold the capture. */
interface Head {
  readonly netns: string;
  readonly interface: string | undefined;
  readonly direction: PacketTrace["direction"];
  readonly verdict: Verdict;
  readonly certainty: PacketTrace["certainty"];
  readonly ends: Ends;
  readonly text: Uint8Array;
}

/** Writes what packets are and how they fared, which is mostly as with others of their connection. */
export class HeadTexts {
  readonly #spelling: Spelling;
  readonly #flows = new Recent<number, Head[]>(MOST);

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  /** The fields of HEAD, and a comma. */
  text(trace: PacketTrace): Uint8Array {
    const verdict = verdictOf(trace);
    const heads = this.#flows.get(trace.flow);
    if (heads) for (const head of heads) if (isOf(head, trace, verdict)) return head.text;
    const text = octetsOf(`${HEAD.text(trace, this.#spelling)},`);
    const { netns, direction, certainty, packet } = trace;
    const head: Head = { netns, interface: trace.interface, direction, verdict, certainty, ends: new Ends(packet), text };
    if (!heads) this.#flows.set(trace.flow, [head]);
    else if (heads.length < MOST_OF_ONE) heads.push(head);
    return text;
  }
}

/** How a packet fared. The way of one that went like another is only made for who asks for it. */
function verdictOf(trace: PacketTrace): Verdict {
  const told = trace.earlier ?? trace;
  return (told.like ?? told).way.verdict;
}

function isOf(head: Head, trace: PacketTrace, verdict: Verdict): boolean {
  return (
    trace.interface === head.interface &&
    trace.netns === head.netns &&
    trace.direction === head.direction &&
    trace.certainty === head.certainty &&
    verdict === head.verdict &&
    head.ends.are(trace.packet)
  );
}
