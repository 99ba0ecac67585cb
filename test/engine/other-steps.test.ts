import { expect, it } from "vitest";
import type { Connection } from "../../src/engine/connection.ts";
import type { Tracked } from "../../src/engine/lesson.ts";
import { OtherSteps } from "../../src/engine/other-steps.ts";
import type { ConntrackStep } from "../../src/model/trace.ts";

const step = (netns: string, protocolState?: string): ConntrackStep => ({
  kind: "conntrack",
  netns,
  state: "ESTABLISHED",
  direction: "original",
  ...(protocolState !== undefined && { protocolState }),
});

/** A turn whose connection has come to another state since. */
const turn = (one: ConntrackStep, state?: string): Pick<Tracked, "connection" | "step"> => ({
  step: one,
  connection: (state === undefined ? {} : { tcp: { state } }) as Connection,
});

it("are none where all is as it was", () => {
  const others = new OtherSteps();
  expect(others.of([])).toBeUndefined();
  expect(others.of([turn(step("a", "ESTABLISHED"), "ESTABLISHED"), turn(step("a")), turn(step("b"), "CLOSE")])).toBeUndefined();
});

it("are one for each namespace whose connection has come to another state", () => {
  const others = new OtherSteps();
  const [here, there, alike] = [step("host", "SYN_RECV"), step("web", "SYN_RECV"), step("db", "ESTABLISHED")];
  const found = others.of([turn(here, "ESTABLISHED"), turn(alike, "ESTABLISHED"), turn(there, "FIN_WAIT")]);
  expect([...(found ?? [])]).toEqual([
    [here, { ...here, protocolState: "ESTABLISHED" }],
    [there, { ...there, protocolState: "FIN_WAIT" }],
  ]);
});

it("are the very same for one packet after the other", () => {
  const others = new OtherSteps();
  const one = step("host", "SYN_RECV");
  const found = others.of([turn(one, "ESTABLISHED")]);
  expect(found?.get(one)).toEqual({ ...one, protocolState: "ESTABLISHED" });
  expect(others.of([turn(one, "ESTABLISHED")])).toBe(found);
  expect(others.of([turn(one, "CLOSE_WAIT")])?.get(one)?.kind).toBe("conntrack");
  expect(others.of([turn(one, "CLOSE_WAIT")])).not.toBe(found);
});
