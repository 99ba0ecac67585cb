import { formatAddress } from "../../../src/model/address.ts";
import { type Packet, protocolName } from "../../../src/model/packet.ts";
import type { Step } from "../../../src/model/trace.ts";

/** Quotes within quotes are read no deeper in what the kernel sent (DEEPEST_QUOTE). */
const DEEPEST = 2;

/** Everything of a packet that the kernel's and the replay's version of it must share, in a line. */
export function packetWords(packet: Packet, depth = 0): string {
  const { transport, fragment } = packet;
  const words = [`${formatAddress(packet.src)} > ${formatAddress(packet.dst)} ${protocolName(packet.protocol)}`];
  words.push(`ttl ${packet.ttl} tos ${packet.tos} length ${packet.length}`);
  if (packet.dontFragment) words.push("DF");
  if (packet.ipOptions) words.push(`options ${optionWords(packet)}`);
  if (packet.extensionHeaders?.length) words.push(`with ${packet.extensionHeaders.join(" ")}`);
  if (fragment) words.push(`fragment ${fragment.offset}${fragment.more ? "+" : ""}`);
  switch (transport?.kind) {
    case "tcp":
      words.push(`${transport.sport} > ${transport.dport} flags ${transport.flags} seq ${transport.seq} ack ${transport.ack}`);
      break;
    case "udp":
    case "ports":
    case "sctp":
      words.push(`${transport.sport} > ${transport.dport}`);
      break;
    case "icmp":
      words.push(`type ${transport.type}/${transport.code}`);
      if (transport.id !== undefined) words.push(`id ${transport.id}`);
      if (transport.mtu !== undefined) words.push(`mtu ${transport.mtu}`);
      if (transport.target !== undefined) words.push(`target ${formatAddress(transport.target)}`);
      if (transport.quoted && depth < DEEPEST) words.push(`about (${quoteWords(transport.quoted, depth + 1)})`);
      break;
    case "spi":
      words.push(`spi ${transport.spi}`);
      break;
    default:
  }
  return words.join(", ");
}

/** Of a header that its first fragment has only in part, more is read where it is quoted. */
function quoteWords(quoted: Packet, depth: number): string {
  const { transport, ...rest } = quoted;
  return packetWords(quoted.fragment ? rest : quoted, depth);
}

function optionWords({ ipOptions, unknownOptions }: Packet): string {
  return [...(ipOptions ?? [])].map((octet, at) => (unknownOptions?.includes(at) ? "??" : octet.toString(16).padStart(2, "0"))).join("");
}

/** What a netfilter step has to share; `mark` only where both sides know it from before the rule. */
export interface StepFields {
  readonly netns: string;
  readonly table: string;
  readonly chain: string;
  readonly kind: string;
  readonly number: number;
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  readonly physin?: string | undefined;
  readonly physout?: string | undefined;
  readonly mark?: number | undefined;
}

/** A step in a line. */
export function stepWords(step: StepFields): string {
  const devices = [
    step.in && `in ${step.in}`,
    step.out && `out ${step.out}`,
    // The kernel's message has a bridge port only beside the bridge.
    step.in && step.physin && `physin ${step.physin}`,
    step.physout && `physout ${step.physout}`,
    step.mark && `mark ${step.mark}`,
  ];
  return [`${step.netns} ${step.table} ${step.chain} ${step.kind} ${step.number}`, ...devices.filter(Boolean)].join(" ");
}

/** The replay's netfilter steps; other steps are none of the kernel's trace. */
export function netfilterSteps(steps: readonly Step[]): StepFields[] {
  return steps.flatMap((step): StepFields[] => {
    if (step.kind === "rule") return [{ ...step, number: step.rule.number }];
    if (step.kind === "return" || step.kind === "policy") return [step];
    return [];
  });
}
