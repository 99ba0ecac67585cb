import { formatMac, parseMac } from "../../model/address.ts";
import { factWords, forkUnlessAssumed } from "../assumption.ts";
import { choice, FLAG, number, word } from "../codecs.ts";
import { type Args, type Fork, target } from "../spec.ts";

const NODES = number(0, 16);

/** Only a group address: all nodes of the cluster listen to it. */
const GROUP_MAC = word(
  "an Ethernet multicast address (six octets with colons)",
  (text) => {
    const mac = parseMac(text);
    return mac !== undefined && Math.floor(mac / 2 ** 40) % 2 === 1 ? mac : undefined;
  },
  (mac) => formatMac(mac).toUpperCase(),
);

const options = {
  new: { flag: "--new", codec: FLAG },
  hashmode: { flag: "--hashmode", codec: choice(["sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"]) },
  clustermac: { flag: "--clustermac", codec: GROUP_MAC },
  totalNodes: { flag: "--total-nodes", codec: NODES },
  localNode: { flag: "--local-node", codec: NODES },
  hashInit: { flag: "--hash-init", codec: number(0, 0xffffffff) },
} as const;

function check(args: Args<typeof options>): string | undefined {
  const needed = [args.hashmode, args.clustermac, args.totalNodes, args.localNode];
  if (args.new) return needed.includes(undefined) ? "--new needs --hashmode, --clustermac, --total-nodes and --local-node" : undefined;
  return needed.some((option) => option) || args.hashInit ? "its options are possible with --new only" : undefined;
}

/** ipt_CLUSTERIP.c of Linux before 6.4, clusterip_tg: which nodes answer is changed while it runs (/proc/net/ipt_CLUSTERIP). */
const HASHED: Fork = {
  when: "this node answers for the packet's hash (CLUSTERIP)",
  otherwise: "another node of the cluster answers for the packet's hash (CLUSTERIP)",
  yes: { verdict: "CONTINUE" },
  no: { verdict: "DROP" },
};

const clusterip = target({
  name: "CLUSTERIP",
  does: "may-end",
  families: [4],
  hooks: ["INPUT"],
  options,
  check,
  canonical: (args) => (args.new ? { ...args, hashInit: args.hashInit ?? { value: 0, not: false } } : {}),
  explain: (args) => `drop unless this node of the cluster is the one that answers${args.new ? ` (${args.hashmode?.value})` : ""}`,
  compile: () => (context) => {
    const { ctState, packet } = context;
    if (ctState === "UNTRACKED" || ctState === "INVALID") return { verdict: "DROP" };
    return ctState === "RELATED" && packet.protocol === 1 ? { verdict: "CONTINUE" } : forkUnlessAssumed(context, "clusterip", HASHED);
  },
  // Linux has not had it since 6.4, and would refuse every ruleset with it.
  draw: () => undefined,
  forks: factWords("clusterip"),
  doc: "Shared an address among the nodes of a cluster: each dropped what another one answers.",
  examples: [
    {
      rule: "-j CLUSTERIP --new --hashmode sourceip --clustermac 01:00:5e:00:00:20 --total-nodes 2 --local-node 1",
      saved: "-j CLUSTERIP --new --hashmode sourceip --clustermac 01:00:5E:00:00:20 --total-nodes 2 --local-node 1 --hash-init 0",
      says: "drop unless this node of the cluster is the one that answers (sourceip)",
    },
    { rule: "-j CLUSTERIP", says: "drop unless this node of the cluster is the one that answers" },
  ],
});

export const specs = [clusterip];
