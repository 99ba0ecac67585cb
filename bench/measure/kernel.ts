import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { installed } from "./process.ts";
import type { Candidate, Sample } from "./sample.ts";

/** Seconds per packet at 50,000 legacy rules that were measured once, for where the kernel cannot be asked. */
export const KERNEL_SCAN_BEFORE = 206e-6;

const TARGET = "10.201.0.9";
const TARGET_MAC = "02:00:00:00:00:09";
const SECONDS = 2;
const NEEDED = ["ip", "iptables-legacy-restore"];

/** Why the kernel of this machine cannot be asked; undefined when it can. */
export function whyNotKernel(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may ask the kernel";
  const missing = NEEDED.find((program) => !installed(program));
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/** How long the kernel takes with a packet to go through a list of rules: datagrams forwarded between namespaces of its own, with the rules and without. */
export function kernelScan(name: string, rules: string, sender: string): Candidate {
  return { name, run: async () => measure(rules, sender) };
}

function measure(rules: string, sender: string): Sample {
  const [from, by] = [`nettrace-bench-${process.pid}-a`, `nettrace-bench-${process.pid}-b`];
  try {
    build(from, by);
    const bare = perPacket(from, by, sender);
    run(["ip", "netns", "exec", by, "iptables-legacy-restore"], readFileSync(rules, "utf8"));
    const loaded = perPacket(from, by, sender);
    return { seconds: loaded.seconds - bare.seconds, cpu: loaded.cpu - bare.cpu };
  } catch (error) {
    return { seconds: Number.NaN, failed: (error as Error).message };
  } finally {
    for (const netns of [from, by]) quietly(["ip", "netns", "del", netns]);
  }
}

function build(from: string, by: string): void {
  run(["ip", "netns", "add", from]);
  run(["ip", "netns", "add", by]);
  run(["ip", "-n", from, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", by]);
  run(["ip", "-n", from, "addr", "add", "10.200.0.1/30", "dev", "v0"]);
  run(["ip", "-n", by, "addr", "add", "10.200.0.2/30", "dev", "v1"]);
  // Nobody answers behind d0: its other end drops what is not for its own address.
  run(["ip", "-n", by, "link", "add", "d0", "type", "veth", "peer", "name", "d1", "netns", from]);
  run(["ip", "-n", by, "addr", "add", "10.201.0.1/24", "dev", "d0"]);
  for (const [netns, device] of [
    [from, "v0"],
    [from, "d1"],
    [by, "v1"],
    [by, "d0"],
  ] as const)
    run(["ip", "-n", netns, "link", "set", device, "up"]);
  run(["ip", "-n", from, "route", "add", "default", "via", "10.200.0.2"]);
  run(["ip", "-n", by, "neigh", "add", TARGET, "lladdr", TARGET_MAC, "dev", "d0"]);
  run(["ip", "netns", "exec", by, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
}

/** Seconds per packet that got through: the sender's own processor does the forwarding too. */
function perPacket(from: string, by: string, sender: string): { readonly seconds: number; readonly cpu: number } {
  const before = passed(by);
  const said = run(["ip", "netns", "exec", from, process.execPath, sender, TARGET, String(SECONDS)]);
  const packets = passed(by) - before;
  const [seconds = 0, cpu = 0] = said.split(" ").map(Number);
  return { seconds: seconds / packets, cpu: cpu / packets };
}

function passed(by: string): number {
  const [link] = JSON.parse(run(["ip", "-n", by, "-j", "-s", "link", "show", "d0"])) as readonly { stats64: { tx: { packets: number } } }[];
  return link?.stats64.tx.packets ?? 0;
}

function run(words: readonly string[], input = ""): string {
  const [program = "", ...args] = words;
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${words.slice(0, 6).join(" ")}: ${stderr.trim().split("\n")[0]}`);
  return stdout;
}

function quietly(words: readonly string[]): void {
  const [program = "", ...args] = words;
  spawnSync(program, args, { stdio: "ignore" });
}
