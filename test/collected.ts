import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Whether something that nobody but `ref` may hold on to any more is gone once V8 has cleared its heap. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What a WeakRef was made of or asked for stays until the turn is over.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return ref.deref() === undefined;
}
