import { describe, expect, it } from "vitest";
import { Sought, Waiting } from "../../src/engine/waiting.ts";

/** The places where a packet is still to be seen, in order. */
function places(of: Waiting): Sought[] {
  const list: Sought[] = [];
  for (let one = of.sought; one; one = one.sibling) list.push(one);
  return list;
}

describe("what a packet waits for", () => {
  it("is as it was when its places are those of another packet", () => {
    const [first, second] = [new Waiting(), new Waiting()];
    const [a, b, c, d] = [new Sought(first), new Sought(first), new Sought(first), new Sought(first)] as const;
    for (const one of [a, b, c]) first.seek(one);
    expect(places(first)).toEqual([a, b, c]);
    first.found(a);
    expect(places(first)).toEqual([b, c]);
    // The place is taken back for the next packet, of which there is another one.
    second.seek(a);
    second.seek(d);
    expect(places(second)).toEqual([a, d]);
    expect(places(first)).toEqual([b, c]);
    expect([a.of, b.of]).toEqual([second, first]);
    first.found(c);
    second.seek(c);
    expect(places(second)).toEqual([a, d, c]);
    expect(places(first)).toEqual([b]);
  });
});
