import type { Assumption, Host } from "../model/host.ts";
import type { Expectation, Spot } from "../model/test-file.ts";
import type { PacketTrace, Verdict } from "../model/trace.ts";
import { Collection } from "./collect.ts";
import { type Difference, differences } from "./difference.ts";
import { type Explanation, summarize } from "./summary.ts";
import { headline } from "./way.ts";
import { count, list } from "./words.ts";

/** A difference, and how many packets have it. */
export interface FoundDifference extends Difference {
  readonly packets: number;
}

/** What an assertion is about. */
export interface AssertionSubject {
  readonly name: string;
  readonly spot: Spot;
  /** The packet or capture, in the words of the test. */
  readonly subject: string;
}

/** An assertion that was looked at. */
export interface Assertion extends AssertionSubject {
  readonly holds: boolean;
  /** Packets that it was about, and those of them that fared otherwise. */
  readonly packets: number;
  readonly failed: number;
  /** What came, in a few words. */
  readonly found: string;
  readonly differences: readonly FoundDifference[];
  /** Of the packets that fared otherwise. */
  readonly explanation?: Explanation;
  /** The first of them. */
  readonly traces: readonly PacketTrace[];
}

/** Connections that are explained of those that fared otherwise, and packets that are listed for programs. */
const MOST_EXPLAINED = 3;
const MOST_LISTED = 10;

/** Holds packets against what is expected of them. */
export class AssertionCheck {
  readonly assumptions = new Map<string, Assumption>();
  readonly #subject: AssertionSubject;
  readonly #expect: Expectation;
  readonly #host: Host;
  readonly #home: string;
  readonly #differences = new Map<string, Difference & { packets: number }>();
  readonly #verdicts = new Map<Verdict, number>();
  readonly #wrong = new Collection(MOST_EXPLAINED);
  readonly #traces: PacketTrace[] = [];
  #first: PacketTrace | undefined;
  #packets = 0;
  #failed = 0;

  /** `home` is the namespace that devices, rules and states are of where the test does not say another. */
  constructor(subject: AssertionSubject, expect: Expectation, host: Host, home: string) {
    this.#subject = subject;
    this.#expect = expect;
    this.#host = host;
    this.#home = home;
  }

  /** The next packet that it is about. */
  take(trace: PacketTrace): void {
    this.#first ??= trace;
    this.#packets++;
    this.#verdicts.set(trace.way.verdict, (this.#verdicts.get(trace.way.verdict) ?? 0) + 1);
    for (const assumption of trace.assumptions) this.assumptions.set(assumption.id + assumption.text, assumption);
    const found = differences(trace, this.#expect, { host: this.#host, home: this.#home });
    if (found.length === 0) return;
    this.#failed++;
    for (const difference of found) this.miss(difference);
    this.#wrong.add(trace);
    if (this.#traces.length < MOST_LISTED) this.#traces.push(trace);
  }

  /** Something is not as expected. */
  miss(difference: Difference): void {
    const key = JSON.stringify(difference);
    const known = this.#differences.get(key);
    if (known) known.packets++;
    else this.#differences.set(key, { ...difference, packets: 1 });
  }

  /** What it came to; `allSteps` is for the explanation of what fared otherwise. */
  result(allSteps: boolean): Assertion {
    const wanted = this.#expect.count;
    if (wanted !== undefined && wanted !== this.#packets) this.miss({ key: "count", expected: `${wanted}`, found: `${this.#packets}` });
    return {
      ...this.#subject,
      holds: this.#differences.size === 0,
      packets: this.#packets,
      failed: this.#failed,
      found: this.#found(),
      differences: [...this.#differences.values()],
      ...(this.#failed > 0 && { explanation: this.#explanation(allSteps) }),
      traces: this.#traces,
    };
  }

  #found(): string {
    if (this.#first && this.#packets === 1) return outcome(this.#first);
    const verdicts = [...this.#verdicts].map(([verdict, n]) =>
      this.#verdicts.size > 1 ? `${n.toLocaleString("en-US")} ${verdict}` : verdict,
    );
    return this.#packets === 0 ? "no packet" : `${count(this.#packets, "packet")}, ${list(verdicts)}`;
  }

  #explanation(allSteps: boolean): Explanation {
    const options = { all: false, allSteps, tables: this.#failed === 1, sort: "time", filtered: false, headline: false } as const;
    return { ...summarize(this.#wrong, this.#host, options), hidden: { trouble: 0, expected: [] }, assumptions: [] };
  }
}

/** What became of one packet. */
function outcome(trace: PacketTrace): string {
  const { way, alternatives } = trace;
  return alternatives.length > 1 && way.verdict !== "unknown"
    ? `${way.verdict} in one of ${alternatives.length} ways`
    : headline(trace, way);
}
