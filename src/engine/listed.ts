import type { ConntrackLine, Host } from "../model/host.ts";
import { ANY_PORT, type FlowTuple, fromModelTuple, tupleKey } from "./connection.ts";
import type { Course, Opened } from "./follow.ts";
import { drawKey } from "./nat.ts";
import { openSide } from "./open-port.ts";
import { isYounger } from "./restored-connection.ts";

/** What the list of connections says about the ways of a packet that opens one. */
export interface Listing {
  readonly left: readonly Course[];
  /** Ports that it tells, by `drawKey`. */
  readonly ports: ReadonlyMap<string, number>;
  /** The list is known to be younger than the packet. */
  readonly younger: boolean;
}

/** The connections of `conntrack -L`, asked what became of one that a packet opens. */
export class Listed {
  readonly #host: Host;
  readonly #lines = new Map<string, ReadonlyMap<string, readonly ConntrackLine[]>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** The ways that lead to what is listed; undefined when nothing is, or the list is older than the packet. */
  weigh(courses: readonly Course[], time: bigint): Listing | undefined {
    const age = isYounger(this.#host.takenAt, time);
    if (age === "no") return undefined;
    const ports = new Map<string, number>();
    const left = courses.filter((course) => {
      const found = course.opened.flatMap((one) => this.#linesOf(one).map((line) => ({ one, reply: fromModelTuple(line.reply) })));
      if (found.length === 0 || !found.every(({ one, reply }) => fits(one.reply, reply))) return false;
      for (const { one, reply } of found) tell(ports, one, reply);
      return true;
    });
    return left.length === 0 || (left.length === courses.length && ports.size === 0) ? undefined : { left, ports, younger: age === "yes" };
  }

  #linesOf({ netns, original }: Opened): readonly ConntrackLine[] {
    let lines = this.#lines.get(netns);
    if (!lines) {
      lines = byOriginal(this.#host.namespaces.get(netns)?.conntrack ?? []);
      this.#lines.set(netns, lines);
    }
    return lines.get(tupleKey(original)) ?? [];
  }
}

function byOriginal(lines: readonly ConntrackLine[]): ReadonlyMap<string, readonly ConntrackLine[]> {
  const found = new Map<string, ConntrackLine[]>();
  for (const line of lines) {
    const key = tupleKey(fromModelTuple(line.original));
    found.set(key, [...(found.get(key) ?? []), line]);
  }
  return found;
}

function tell(ports: Map<string, number>, one: Opened, reply: FlowTuple): void {
  const side = openSide(one.reply);
  if (side && one.drawn) ports.set(drawKey(one, one.drawn.manip), reply[side]);
}

/** Whether a port of a tuple is open or the same. */
function fits(expected: FlowTuple, found: FlowTuple): boolean {
  return (
    expected.src === found.src &&
    expected.dst === found.dst &&
    expected.protocol === found.protocol &&
    (expected.sport === ANY_PORT || expected.sport === found.sport) &&
    (expected.dport === ANY_PORT || expected.dport === found.dport)
  );
}
