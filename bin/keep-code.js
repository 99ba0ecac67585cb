// Runs what most runs have in common, so that V8's code of it is kept in dist.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const SAMPLE = "samples/published-port-from-outside";
const MACHINE = ["--snapshot", `${SAMPLE}/snapshot`];
const CAPTURE = ["explain", `${SAMPLE}/capture.pcap`, ...MACHINE];
const RULES = `${SAMPLE}/snapshot/netns/host/iptables-save.txt`;

/** What is asked most. Functions that none of them needs are compiled when they are first called. */
const COMMAND_LINES = [
  CAPTURE,
  [...CAPTURE, "--all"],
  [...CAPTURE, "--format", "ndjson"],
  ["explain", "samples/kube-proxy-service/capture.pcap", "--snapshot", "samples/kube-proxy-service/snapshot"],
  ["lint", RULES],
  ["test", `${SAMPLE}/firewall.test.yaml`],
];

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { keepCode } = createRequire(import.meta.url)("../dist/keep-code.cjs");
await keepCode(new URL("run.js", import.meta.url).href, COMMAND_LINES);
