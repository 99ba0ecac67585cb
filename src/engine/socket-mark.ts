import type { Family } from "../model/address.ts";
import type { Frame, Packet } from "../model/packet.ts";
import { invert, sameTuple, tupleHash, tupleOf } from "./connection.ts";
import { type Entry, placeOf } from "./entry.ts";
import type { LookAhead } from "./look-ahead.ts";
import type { Netns } from "./netns.ts";
import { Run } from "./run.ts";
import type { Undecided } from "./undecided.ts";
import type { World } from "./world.ts";

/** The marks that rules and routing of a namespace look for: the ones that a socket could have set to some effect. */
function candidates(netns: Netns, family: Family): number[] {
  const marks = new Set<number>();
  const { policyRules, policyRules6 } = netns.namespace;
  for (const { mark } of (family === 4 ? policyRules : policyRules6) ?? []) if (mark) marks.add(mark.value);
  for (const table of netns.stack(family).rules?.tables.values() ?? []) {
    for (const chain of table.chains.values()) {
      for (const { matches } of chain.rules) {
        for (const match of matches) {
          const mark = match.name === "mark" ? (match.args?.["mark"]?.value as { readonly value: number } | undefined) : undefined;
          if (mark) marks.add(mark.value);
        }
      }
    }
  }
  marks.delete(0);
  return [...marks];
}

/** Whether an answer to the packet as its socket sent it comes in from outside further on in the capture. */
function isAnswered(netns: Netns, packet: Packet, ahead: LookAhead, device: string | undefined): boolean {
  const tuple = tupleOf(packet);
  const answer = tuple && invert(tuple);
  if (!answer) return false;
  return ahead.by(tupleHash(answer)).some(({ frame, packet: other }) => {
    const own = tupleOf(other);
    if (!own || !sameTuple(own, answer)) return false;
    const place = placeOf(netns, frame, device);
    return !place.outgoing && place.device !== undefined && place.device.kind !== "loopback";
  });
}

/**
 * The mark that a local packet's socket must have set (SO_MARK), by what the capture shows: an answer to the untranslated packet cannot
 * come when the packet was translated. 0 when nothing speaks against there being none. `start` sends the packet on its way.
 */
export function socketMark(
  world: World,
  entry: Entry,
  frame: Frame,
  packet: Packet,
  ahead: LookAhead,
  device: string | undefined,
  start: (run: Run, mark: number) => Undecided | undefined,
): number {
  const { netns } = entry;
  if (!netns.stack(packet.family).marksMatter || !isAnswered(netns, packet, ahead, device)) return 0;
  const ids = world.ids;
  for (const mark of [0, ...candidates(netns, packet.family)]) {
    world.state.commit();
    world.choices.reset();
    const run = new Run(world, frame.time);
    const undecided = start(run, mark);
    const way = run.way(packet, []);
    world.state.rollback();
    world.assumptions.take();
    world.ids = ids;
    if (undecided === undefined && way.verdict === "forwarded" && way.nat.dst === undefined) {
      if (mark !== 0) {
        world.assumptions.add({
          id: "socket-mark",
          text: `its socket had set the mark 0x${mark.toString(16)} (SO_MARK), since an answer to the packet as it was sent is in the capture`,
        });
      }
      return mark;
    }
  }
  return 0;
}
