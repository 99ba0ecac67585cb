import type { Interrupt } from "./interrupt.ts";

/** Nothing has come for a moment, in which what is ready can be shown; or for longer than packets are waited for. */
export type Pause = "moment" | "long";

const MOMENT_MS = 20;
/** The replay waits a second of the capture for what comes after a packet. */
const LONG_MS = 1100;
/** So long what is still in a pipe is read after Ctrl-C, which whoever writes into it gets as well. */
const GRACE_MS = 500;

/** What comes of an input until it ends or is interrupted, and the pauses in it when it is live. */
export async function* withPauses<T>(source: AsyncIterator<T>, isLive: boolean, interrupt: Interrupt): AsyncGenerator<T | Pause> {
  if (isLive) return yield* live(source, interrupt);
  for (let next = await source.next(); !next.done; next = await source.next()) {
    yield next.value;
    if (interrupt.isPending) return void (await source.return?.());
  }
}

async function* live<T>(source: AsyncIterator<T>, interrupt: Interrupt): AsyncGenerator<T | Pause> {
  let deadline = Number.POSITIVE_INFINITY;
  let pending = source.next();
  let silent = 0;
  while (Date.now() < deadline) {
    if (interrupt.isPending) deadline = Math.min(deadline, Date.now() + GRACE_MS);
    const wait = interrupt.isPending || silent === 0 ? MOMENT_MS : silent < LONG_MS ? LONG_MS - silent : undefined;
    const next = await soon(pending, wait, interrupt);
    if (next === "interrupted") continue;
    if (next === "silent") {
      silent += wait ?? 0;
      if (!interrupt.isPending) yield silent < LONG_MS ? "moment" : "long";
      continue;
    }
    if (next.done) return;
    silent = 0;
    yield next.value;
    pending = source.next();
  }
}

/** What comes next, unless nothing does for so many milliseconds. */
function soon<T>(pending: Promise<T>, wait: number | undefined, interrupt: Interrupt): Promise<T | "silent" | "interrupted"> {
  return new Promise((resolve, reject) => {
    const done = (what: T | "silent" | "interrupted") => {
      clearTimeout(timer);
      interrupt.tell = undefined;
      resolve(what);
    };
    const timer = wait === undefined ? undefined : setTimeout(() => done("silent"), wait);
    if (!interrupt.isPending) interrupt.tell = () => done("interrupted");
    pending.then(done, reject);
  });
}
