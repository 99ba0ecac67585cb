import { expect, it } from "vitest";
import { ANY_PORT, Connection } from "../../src/engine/connection.ts";
import { Conntrack } from "../../src/engine/conntrack.ts";
import { Nat } from "../../src/engine/nat.ts";
import { State } from "../../src/engine/state.ts";
import { DEFAULT_ZONE } from "../../src/engine/zone.ts";
import { PROTOCOL } from "../../src/model/packet.ts";

it("a port that is drawn in place of one that is not known is another one, of any class", () => {
  const state = new State(false);
  const conntrack = new Conntrack(
    "host",
    state,
    (_, fallback) => fallback,
    () => 1,
    () => false,
    false,
  );
  const nat = new Nat("host", conntrack, state, new Map());
  const connection = new Connection(1, "host", DEFAULT_ZONE, { src: 1n, dst: 2n, protocol: PROTOCOL.tcp, sport: ANY_PORT, dport: 80 });
  expect(nat.bind(connection, "src", { manip: "src", minAddress: 1n, maxAddress: 1n, random: true }, 0n)).toBe(true);
  expect(connection).toMatchObject({ srcNat: true, drawn: { manip: "src", min: 1, max: 65535 } });
});
