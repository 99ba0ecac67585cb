import { expect, it } from "vitest";
import { OtherSteps } from "../../src/engine/other-steps.ts";
import type { ConntrackStep } from "../../src/model/trace.ts";

const step = (netns: string): ConntrackStep => ({
  kind: "conntrack",
  netns,
  state: "ESTABLISHED",
  direction: "original",
  protocolState: "SYN_RECV",
});

it("are one for each namespace whose connection has come to another state", () => {
  const others = new OtherSteps();
  const [here, there] = [step("host"), step("web")];
  const found = others.with(others.with(undefined, here, "ESTABLISHED"), there, "FIN_WAIT");
  expect([...found]).toEqual([
    [here, { ...here, protocolState: "ESTABLISHED" }],
    [there, { ...there, protocolState: "FIN_WAIT" }],
  ]);
});

it("are the very same for one packet after the other, whatever came between", () => {
  const others = new OtherSteps();
  const [here, there] = [step("host"), step("web")];
  const found = others.with(undefined, here, "ESTABLISHED");
  expect([...others.with(undefined, here, "CLOSE_WAIT")]).toEqual([[here, { ...here, protocolState: "CLOSE_WAIT" }]]);
  others.with(found, there, "FIN_WAIT");
  expect(others.with(undefined, here, "ESTABLISHED")).toBe(found);
  expect([...found]).toEqual([[here, { ...here, protocolState: "ESTABLISHED" }]]);
});
