import { Lab } from "./lab/lab.ts";
import type { Backend } from "./lab/protocol.ts";

/** Why this machine cannot be asked; undefined when it can. */
export async function lack(backend: Backend): Promise<string | undefined> {
  const lab = await Lab.start();
  try {
    const probe = await lab.probe();
    if ("error" in probe) return probe.error;
    return probe.backends.includes(backend) ? undefined : `iptables-${backend} does not work here`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await lab.stop();
  }
}
