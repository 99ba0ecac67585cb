import { expect, it } from "vitest";
import type { Rule } from "../../../src/model/rule.ts";
import type { Observation, RuleStep } from "../../../src/model/trace.ts";
import { parseIptablesSave } from "../../../src/parse/iptables-save.ts";
import { ObservationTexts } from "../../../src/render/ndjson/observation-texts.ts";
import type { Pieces } from "../../../src/render/ndjson/pieces.ts";
import { Remembered } from "../../../src/render/ndjson/remembered.ts";
import { StepTexts } from "../../../src/render/ndjson/step-texts.ts";

/** Everything that is put, as one text. */
class Text implements Pieces {
  text = "";
  put(piece: string | Uint8Array): void {
    this.text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
  }
  number(value: number): void {
    this.text += value;
  }
}

it("a device is told from those of the same name in other namespaces and captures", () => {
  const texts = new ObservationTexts();
  const places: readonly Pick<Observation, "capture" | "netns" | "interface">[] = [
    { capture: "a.pcap", netns: "host", interface: "eth0" },
    { capture: "a.pcap", netns: "web", interface: "eth0" },
    { capture: "b.pcap", netns: "web", interface: "eth0" },
    { capture: "b.pcap", netns: "web" },
    { capture: 'b "2"', netns: "a\nb", interface: "é" },
  ];
  // Twice, so that each is asked for when another one of its name was kept; and there are more than are kept.
  const many = Array.from({ length: 3000 }, (_, i) => ({ capture: "a.pcap", netns: "host", interface: `veth${i}` }));
  for (const [i, place] of [...places, ...places, ...many, ...places].entries()) {
    const to = new Text();
    texts.put({ ...place, packet: i, after: BigInt(i) * 1500n }, to);
    expect(JSON.parse(to.text)).toEqual({ ...place, packet: i, afterMs: (i * 1500) / 1e6 });
  }
});

it("a rule of a chain that is called from several places is told where it was met", () => {
  const { value } = parseIptablesSave("*filter\n:FORWARD ACCEPT\n:OFTEN -\n-A OFTEN -p tcp -j ACCEPT\nCOMMIT\n", "rules.txt", 4);
  const rule = value.tables.get("filter")?.chains.get("OFTEN")?.rules[0] as Rule;
  const texts = new StepTexts(new Remembered());
  const met: RuleStep = { kind: "rule", netns: "host", hook: "FORWARD", table: "filter", chain: "OFTEN", rule, in: "lan" };
  const steps: readonly RuleStep[] = [
    met,
    { ...met, hook: "INPUT" },
    { ...met, netns: "web" },
    { ...met, in: "wan" },
    { ...met, mark: 7 },
    met,
  ];
  for (const step of [...steps, ...steps.flatMap((one) => [one, one, one])]) {
    const to = new Text();
    to.put(texts.piece(step));
    expect(JSON.parse(to.text)).toMatchObject({ netns: step.netns, hook: step.hook, in: step.in, rule: 1, target: "ACCEPT" });
    expect(JSON.parse(to.text).mark).toBe(step.mark);
    expect(texts.text(step)).toBe(to.text);
  }
});
