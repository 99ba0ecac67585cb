import type { Address } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import type { Mutable } from "../model/mutable.ts";
import type { Packet } from "../model/packet.ts";
import type { Appearance, Place, Reply, Translation, Verdict, Way } from "../model/trace.ts";
import { added, EMPTY } from "./added.ts";
import type { Connection } from "./connection.ts";
import { Lesson } from "./lesson.ts";
import { destinationPort, sourcePort } from "./same-packet.ts";
import type { Skb } from "./skb.ts";
import { StepLog } from "./step-log.ts";
import { Undecided } from "./undecided.ts";
import type { World } from "./world.ts";

/** A place where a packet was on a device, for finding it again in the capture. */
export interface Sighting {
  readonly netns: string;
  readonly interface: string;
  readonly direction: "in" | "out";
  readonly packet: Packet;
  /** It is one of several places, and not being seen there tells nothing. */
  readonly maybe?: true;
}

interface End {
  readonly verdict: Verdict;
  readonly at: Place;
}

/** Which end counts when a packet was flooded and ended in several ways. */
const RANK: readonly Verdict[] = ["unknown", "delivered", "forwarded", "queued", "rejected", "dropped"];

/** Copies of one packet beyond this many are not followed: two rules with TEE can make them double all the way round. */
const MAX_COPIES = 64;

/** Follows one packet along one way, and collects what happens. */
export class Run {
  readonly world: World;
  readonly time: bigint;
  readonly steps = new StepLog();
  out: Appearance[] = EMPTY;
  sightings: Sighting[] = EMPTY;
  readonly replies: Reply[];
  #ends: End[] = EMPTY;
  #last: Packet | undefined;
  /** The first connection that the packet was found to belong to. */
  connection: Connection | undefined;
  /** What others can learn of it. */
  readonly lesson = new Lesson();
  /** The connections that it opens, one in each namespace that tracks. */
  opened: Connection[] = EMPTY;
  /** A socket is sending: what a device has received is worked off before the next packet leaves. */
  sending = false;
  /** Nesting of answers and devices, against endless loops. */
  crossed = 0;
  readonly #original: Run | undefined;
  readonly #copies: { readonly run: Run; readonly first: Packet }[] = [];
  #made = 0;
  #owes = false;
  #held = 0;
  readonly #waiting: (() => void)[];

  constructor(world: World, time: bigint, original?: Run) {
    this.world = world;
    this.time = time;
    this.#original = original;
    this.replies = original ? original.replies : [];
    this.#waiting = original ? original.#waiting : [];
  }

  get #root(): Run {
    return this.#original ? this.#original.#root : this;
  }

  /** Starts the run of a copy, which goes its own way from here on; it appears on devices like the packet itself. */
  copy(first: Packet): Run {
    if (++this.#root.#made > MAX_COPIES) throw new Undecided("the copies that TEE makes of its own copies");
    const run = new Run(this.world, this.time, this);
    run.crossed = this.crossed;
    this.steps.all ??= [...this.steps.own];
    run.steps.all = this.steps.all;
    this.#copies.push({ run, first });
    return run;
  }

  /** What a device has received waits until the sender is done (netif_rx, the backlog). */
  later(receive: () => void): void {
    this.#waiting.push(receive);
  }

  /** What an answer sets in motion comes after what waits already. */
  inTurn(receive: () => void): void {
    if (this.#waiting.length > 0) this.later(receive);
    else receive();
  }

  /** Works off what waits, until nothing moves any more. */
  drain(): void {
    const sending = this.sending;
    this.sending = false;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next();
    this.sending = sending;
  }

  /** Holds off interrupts (local_bh_disable), until they are let in again. */
  holdOff(): void {
    this.#root.#held++;
  }

  /** Ends what `holdOff` began; what a copy set in motion meanwhile is worked off. */
  letIn(): void {
    const root = this.#root;
    root.#held--;
    if (root.#held > 0 || !root.#owes) return;
    root.#owes = false;
    root.drain();
  }

  /** A copy was made: where a socket is sending, what it sets in motion waits no longer than interrupts are held off. */
  owe(): void {
    const root = this.#root;
    if (root.sending) root.#owes = true;
  }

  end(verdict: Verdict, at: Place): void {
    this.#ends = added(this.#ends, { verdict, at });
  }

  /** The fragments that waited in a namespace have become one packet, whose way tells what becomes of them. */
  joined(skb: Skb): void {
    const waiting = this.#ends.findLastIndex(({ verdict, at }) => verdict === "queued" && at.netns === skb.netns);
    if (waiting >= 0) this.#ends.splice(waiting, 1);
  }

  drop(skb: Skb, reason: string, text: string): void {
    this.end("dropped", { netns: skb.netns, reason, text });
  }

  /** The packet goes out on a device. */
  appear(skb: Skb, device: string): void {
    this.#last = skb.packet;
    const out: Mutable<Appearance> = { netns: skb.netns, interface: device, packet: skb.packet };
    if (skb.dstMac !== undefined) out.dstMac = skb.dstMac;
    for (let run: Run | undefined = this; run; run = run.#original) run.out = added(run.out, out);
    this.#sight({ netns: skb.netns, interface: device, direction: "out", packet: skb.packet });
  }

  /** It goes out on one of several devices. */
  mayAppear(skb: Skb, device: string): void {
    this.#sight({ netns: skb.netns, interface: device, direction: "out", packet: skb.packet, maybe: true });
  }

  arrive(skb: Skb, device: string): void {
    this.#last = skb.packet;
    this.#sight({ netns: skb.netns, interface: device, direction: "in", packet: skb.packet });
  }

  #sight(sighting: Sighting): void {
    for (let run: Run | undefined = this; run; run = run.#original) run.sightings = added(run.sightings, sighting);
  }

  /** The packet as it was seen last, for the translations. */
  seen(packet: Packet): void {
    this.#last = packet;
  }

  #isFirst({ at }: End): boolean {
    return at.netns === this.sightings[0]?.netns;
  }

  /** What became of it, once nothing moves any more. */
  way(first: Packet, conditions: readonly string[]): Way {
    const end = this.#ends.length === 1 ? (this.#ends[0] as End) : this.#worstEnd();
    const way: Mutable<Way> = {
      conditions,
      verdict: end.verdict,
      at: end.at,
      steps: this.steps.own,
      out: this.out,
      nat: this.#last ? translations(first, this.#last) : {},
      replies: this.#original ? [] : this.replies,
    };
    if (this.#copies.length > 0) way.copies = this.#copies.map((copy) => copy.run.way(copy.first, []));
    if (this.#original === undefined && this.steps.all) way.allSteps = this.steps.all;
    return way;
  }

  /** The end that counts of none or several. */
  #worstEnd(): End {
    const delivered = this.#ends.filter((end) => end.verdict === "delivered");
    // What reached sockets here and further on, too, is said to have got there.
    delivered.sort((a, b) => Number(this.#isFirst(a)) - Number(this.#isFirst(b)));
    const ends = [...delivered, ...[...this.#ends].reverse()].sort((a, b) => RANK.indexOf(a.verdict) - RANK.indexOf(b.verdict));
    return ends[0] ?? { verdict: "unknown", at: { netns: "?", text: "its path ended nowhere" } };
  }
}

function translations(first: Packet, last: Packet): { src?: Translation; dst?: Translation } {
  const src = translation(first.src, sourcePort(first.transport), last.src, sourcePort(last.transport));
  const dst = translation(first.dst, destinationPort(first.transport), last.dst, destinationPort(last.transport));
  const both: { src?: Translation; dst?: Translation } = {};
  if (src) both.src = src;
  if (dst) both.dst = dst;
  return both;
}

function translation(from: Address, before: number | undefined, to: Address, after: number | undefined): Translation | undefined {
  const comparable = (before === undefined) === (after === undefined);
  if (from === to && (before === after || !comparable)) return undefined;
  return { from: formatEndpoint(from, comparable ? before : undefined), to: formatEndpoint(to, comparable ? after : undefined) };
}
