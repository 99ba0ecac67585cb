import { describe, expect, it } from "vitest";
import { context, tuple } from "./context.ts";
import { ask } from "./rule-words.ts";

/** By source address, to which of four nodes the kernel gave its connections with five seeds. */
const KERNEL: readonly (readonly [string, readonly number[]])[] = [
  ["2001:db8:2::11", [3, 2, 1, 1, 2]],
  ["2001:db8:2::12", [3, 2, 1, 1, 2]],
  ["2001:db9::1", [3, 0, 3, 2, 1]],
  ["2a00:1450::7", [2, 1, 2, 1, 2]],
  ["fe80::1", [1, 3, 1, 1, 3]],
];
const SEEDS = ["0x00000001", "0x5a9ca91a", "0x8ebd0d3b", "0x00012fd1", "0xffffffff"];

describe("cluster", () => {
  it.each(KERNEL)("of IPv6 only the first 32 bits of %s tell the node", (src, nodes) => {
    const [original, reply] = [tuple(src, 1000, "2001:db8:1::1", 53), tuple("2001:db8:1::1", 53, src, 1000)];
    const status = { expected: false, seenReply: false, assured: false, confirmed: false, srcNat: false, dstNat: false };
    const about = context({ connection: { original, reply, direction: "original", mark: 0, zone: 0, status } });
    const node = (seed: string) =>
      [1, 2, 4, 8].findIndex(
        (mask) => ask(`-m cluster --cluster-local-nodemask ${mask} --cluster-total-nodes 4 --cluster-hash-seed ${seed}`, about) === true,
      );
    expect(SEEDS.map(node)).toEqual(nodes);
  });
});
