import { type Address, isMulticast } from "../../model/address.ts";
import { hexNumber, number, word } from "../codecs.ts";
import { oneOf } from "../condition.ts";
import { type Draw, not } from "../draw.ts";
import { jenkinsHash, scaledHash } from "../jenkins-hash.ts";
import { type Args, match, type PacketContext } from "../spec.ts";

const MAX = 0xffffffff;
const MOST = 32;

/** A node's number, kept as the bit that it has in the mask. */
const NODE = word<number>(
  `a node's number from 1 to ${MOST}`,
  (text) => {
    const node = number(1, MOST).parse([text]);
    return node === undefined ? undefined : (1 << (node - 1)) >>> 0;
  },
  (mask) => String(Math.log2(mask) + 1),
);

const options = {
  nodemask: { flag: "--cluster-local-nodemask", codec: hexNumber(MAX, 8), negatable: true },
  node: { flag: "--cluster-local-node", codec: NODE, negatable: true },
  total: { flag: "--cluster-total-nodes", codec: number(1, MOST), required: true },
  seed: { flag: "--cluster-hash-seed", codec: hexNumber(MAX, 8), required: true },
} as const;

type ClusterArgs = Args<typeof options>;

function canonical(args: ClusterArgs): ClusterArgs {
  return { ...args, nodemask: args.nodemask ?? args.node, node: undefined };
}

/** What of an address is hashed, as a little-endian machine reads it: of IPv6 its first 32 bits alone (xt_cluster_hash_ipv6 takes NF_CT_TUPLE_L3SIZE for octets). */
function wordOf(address: Address): number {
  const value = typeof address === "number" ? address : Number(address >> 96n);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** Which node's connection it is, from 0 (xt_cluster.c, xt_cluster_hash). */
function nodeOf(source: Address, total: number, seed: number): number {
  return scaledHash(jenkinsHash([wordOf(source)], seed), total);
}

/**
 * xt_cluster.c, xt_cluster_mt: what has no connection, or a template only, does not match, not even negated. Nodes may share a link-layer group:
 * whatever the answer, what came to such a one though it is for one address counts from then on as sent to this host alone.
 */
function clusterMatch(args: ClusterArgs, context: PacketContext): boolean {
  const { connection, frameType, packet } = context;
  const { nodemask, total, seed } = canonical(args);
  if (frameType === "multicast" && !isMulticast(packet.dst)) context.takeAsOwn?.();
  if (!connection || connection.template || !nodemask) return false;
  const source = connection.master?.src ?? connection.original.src;
  const node = nodeOf(source, total?.value ?? 1, seed?.value ?? 0);
  return (((nodemask.value >>> node) & 1) === 1) !== nodemask.not;
}

function nodesWords({ nodemask, total }: ClusterArgs): string {
  const nodes = Array.from({ length: MOST }, (_, i) => i).filter((i) => (((nodemask?.value ?? 0) >>> i) & 1) === 1);
  const list = oneOf(nodes.map((i) => String(i + 1)));
  return `${nodemask?.not ? "not " : ""}connection of cluster node ${list} out of ${total?.value ?? 1}`;
}

function drawCluster(d: Draw): string {
  const total = d.integer(1, 4);
  const mask = `0x${d
    .integer(1, 2 ** total - 1)
    .toString(16)
    .padStart(8, "0")}`;
  const seed = `0x${d.integer(0, MAX).toString(16).padStart(8, "0")}`;
  return `-m cluster ${not(d)}--cluster-local-nodemask ${mask} --cluster-total-nodes ${total} --cluster-hash-seed ${seed}`;
}

const cluster = match({
  name: "cluster",
  options,
  canonical,
  check: (args) => {
    if (args.node && args.nodemask) return "cluster takes --cluster-local-node or --cluster-local-nodemask, not both";
    const mask = (args.node ?? args.nodemask)?.value;
    if (mask === undefined) return "cluster needs --cluster-local-node or --cluster-local-nodemask";
    if (mask === 0) return "--cluster-local-nodemask must name a node";
    return mask >= 2 ** (args.total?.value ?? 1) ? "the local node is more than --cluster-total-nodes" : undefined;
  },
  explain: (args) => nodesWords(canonical(args)),
  compile: (args) => (context) => clusterMatch(args, context),
  draw: drawCluster,
  doc: "Whether the hash of the connection's source address gives it to this node of a cluster.",
  examples: [
    {
      rule: "-m cluster --cluster-total-nodes 2 ! --cluster-local-node 2 --cluster-hash-seed 0xfeedcafe",
      saved: "-m cluster ! --cluster-local-nodemask 0x00000002 --cluster-total-nodes 2 --cluster-hash-seed 0xfeedcafe",
      says: "not connection of cluster node 2 out of 2",
    },
    {
      rule: "-m cluster --cluster-local-nodemask 5 --cluster-total-nodes 3 --cluster-hash-seed 7",
      saved: "-m cluster --cluster-local-nodemask 0x00000005 --cluster-total-nodes 3 --cluster-hash-seed 0x00000007",
      says: "connection of cluster node 1 or 3 out of 3",
    },
  ],
});

export const specs = [cluster];
