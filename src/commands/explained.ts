import type { ReplayOptions } from "../engine/replay.ts";
import { travelOrder } from "../engine/travel-order.ts";
import type { Host } from "../model/host.ts";
import type { Source } from "../model/packet.ts";
import { readAssumptions } from "./assume.ts";
import type { CaptureType } from "./capture-type.ts";
import type { NamedCapture } from "./captures.ts";
import type { HostFlags } from "./flags.ts";
import { checkInterface, checkNetns, loadHost } from "./load-host.ts";
import type { ReadOptions } from "./read-frames.ts";

/** What says which packets are explained, and by what. */
export interface Asked {
  readonly captures: readonly NamedCapture[];
  readonly machine: HostFlags;
  readonly interface?: string | undefined;
  readonly assume?: readonly string[] | undefined;
  readonly type?: CaptureType | undefined;
  readonly index: boolean;
}

/** What a replay needs. */
export interface Explained {
  readonly host: Host;
  readonly sources: readonly Source[];
  readonly replay: ReplayOptions;
  readonly reading: ReadOptions;
}

/** Loads the machine, and finds out how its captures are read and replayed. */
export async function loadExplained(asked: Asked): Promise<Explained> {
  const { captures } = asked;
  const paths = captures.map(({ path }) => path);
  const named = captures.every((one) => one.netns !== undefined) ? captures[0]?.netns : undefined;
  const { host, netns } = await loadHost(asked.machine, paths, named);
  checkInterface(host, netns, asked.interface, `--interface ${asked.interface}`);
  const sources = captures.map((one) => sourceOf(one, netns, asked.interface));
  for (const [i, source] of sources.entries()) {
    checkNetns(host, source.netns, `${paths[i]}@${source.netns}`);
    checkInterface(host, source.netns, source.interface, `${paths[i]}@${source.netns}:${source.interface}`);
  }
  const replay = {
    ...(sources[0] as Source),
    ...(sources.length > 1 && { sources }),
    indexed: asked.index,
    assumed: readAssumptions(asked.assume),
  };
  return { host, sources, replay, reading: { type: asked.type, near: host.takenAt, inOrder: true, precedes: travelOrder(host) } };
}

/** Where a capture was taken, by its own name or by the flags. */
function sourceOf({ name, netns, device }: NamedCapture, given: string, interfaceGiven: string | undefined): Source {
  const own = device ?? (netns === undefined || netns === given ? interfaceGiven : undefined);
  return { capture: name, netns: netns ?? given, ...(own !== undefined && { interface: own }) };
}
