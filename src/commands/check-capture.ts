import { createReplay } from "../engine/replay.ts";
import { travelOrder } from "../engine/travel-order.ts";
import { AssertionCheck } from "../explain/assertion.ts";
import { isChosen } from "../explain/chosen.ts";
import type { Source } from "../model/packet.ts";
import type { Problem } from "../model/problem.ts";
import type { CaptureTest } from "../model/test-file.ts";
import { type NamedCapture, nameCaptures } from "./captures.ts";
import { InputFailure, Interrupted } from "./failure.ts";
import type { Interrupt } from "./interrupt.ts";
import { checkInterface, checkNetns } from "./load-host.ts";
import { Output } from "./output.ts";
import { readCaptures } from "./read-captures.ts";
import { replayInto } from "./replay-into.ts";
import type { Sink } from "./sinks.ts";
import { type Machine, onBehalf, pathFrom } from "./test-machine.ts";

/** What a capture came to: its assertion, and where it broke off. */
export interface CheckedCapture {
  readonly check: AssertionCheck;
  readonly damage: readonly Problem[];
}

/** Prepares a test of captures: what is wrong with it is said now, and what it gives back reads them. */
export async function prepareCapture(
  test: CaptureTest,
  machine: Machine,
  assumed: ReadonlyMap<string, string>,
  interrupt: Interrupt,
): Promise<() => Promise<CheckedCapture>> {
  const { captures, netns, interface: device } = test;
  const words = captures.map(({ value, spot }) => pathFrom(spot.file, value));
  const spot = captures[0]?.spot ?? test.name.spot;
  const named = await nameCaptures(words, machine.snapshot).catch((error: unknown) =>
    onBehalf<never>(spot, () => {
      throw error;
    }),
  );
  const usual = netns?.value ?? machine.netns;
  onBehalf(netns?.spot ?? spot, () => checkNetns(machine.host, usual, `netns ${usual}`));
  const sources = named.map((one) => sourceOf(one, usual, device?.value));
  for (const source of sources) {
    onBehalf(spot, () => checkNetns(machine.host, source.netns, `netns ${source.netns}`));
    onBehalf(device?.spot ?? spot, () => checkInterface(machine.host, source.netns, source.interface, `interface ${source.interface}`));
  }
  return () => checkCapture(test, named, sources, machine, assumed, interrupt);
}

async function checkCapture(
  { name, captures, where, expect, netns }: CaptureTest,
  named: readonly NamedCapture[],
  sources: readonly Source[],
  machine: Machine,
  assumed: ReadonlyMap<string, string>,
  interrupt: Interrupt,
): Promise<CheckedCapture> {
  const { host } = machine;
  const home = netns?.value ?? machine.netns;
  const subject = captures.map(({ value }) => value).join(", ");
  const check = new AssertionCheck({ name: name.value, spot: name.spot, subject }, expect.value, host, home);
  let chosen = 0;
  const sink: Sink = {
    take: (trace) => {
      if (trace.seenBefore !== undefined || !isChosen(trace, where)) return undefined;
      chosen++;
      check.take(trace);
      return undefined;
    },
    aside: () => {},
    end: async () => {},
  };
  const [first] = sources;
  if (!first) throw new InputFailure([{ ...name.spot, message: "capture: names no file" }]);
  const replay = createReplay(host, { ...first, ...(sources.length > 1 && { sources }), assumed });
  const files = named.map(({ path }, i) => ({ path, ...(sources.length > 1 && { source: sources[i] as Source }) }));
  const options = { near: host.takenAt, inOrder: true, precedes: travelOrder(host) };
  const { damage, isInterrupted } = await replayInto(sink, replay, new Output(), (reader) =>
    readCaptures(files, options, false, interrupt, reader),
  );
  if (isInterrupted) throw new Interrupted("interrupted: not all tests were run");
  if (chosen === 0 && expect.value.count === undefined)
    check.miss({
      key: "packet",
      expected: "packets to look at",
      found: Object.keys(where).length > 0 ? "none that where: chooses" : "none",
    });
  return { check, damage };
}

function sourceOf({ name, netns, device }: NamedCapture, usual: string, given: string | undefined): Source {
  const own = device ?? (netns === undefined || netns === usual ? given : undefined);
  return { capture: name, netns: netns ?? usual, ...(own !== undefined && { interface: own }) };
}
