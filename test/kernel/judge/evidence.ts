import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Evidence } from "./run-case.ts";

/** Keeps what the kernel did, so that it stays known on machines without root. */
export function saveEvidence(file: string, evidence: Evidence): void {
  const packets = evidence.packets.map(({ sent, kernel }) => ({
    sent: { ...sent, octets: Buffer.from(sent.octets).toString("hex"), time: String(sent.time) },
    kernel,
  }));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, gzipSync(JSON.stringify({ ...evidence, packets }), { level: 9 }));
}

/** Reads what saveEvidence has written. */
export function loadEvidence(file: string): Evidence {
  const stored = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
  return {
    ...stored,
    // biome-ignore lint/suspicious/noExplicitAny: JSON that saveEvidence has written
    packets: stored.packets.map(({ sent, kernel }: any) => ({
      sent: { ...sent, octets: Uint8Array.from(Buffer.from(sent.octets, "hex")), time: BigInt(sent.time) },
      kernel,
    })),
  };
}
