const PATIENCE_MS = 1000;
const REFRESH_MS = 100;
const BAR_MOST = 40;
/** What stands beside the bar at its longest: "100 % · 1,000,000 packets/s · 59 min 59 s left". */
const WORDS = 48;

interface Shown {
  readonly rate: string;
  readonly packets: string;
  readonly left: string;
}

/** Progress on standard error, for work that takes longer than a second in front of a person. */
export class Progress {
  readonly #begun = Date.now();
  readonly #total: number | undefined;
  readonly #wanted: boolean;
  #bar: { update(value: number, payload: Shown): void; stop(): void } | undefined;
  #loading = false;
  #last = 0;
  #over = false;

  /** `total` is the size of the input, where it is known; `streaming`: results go to standard output meanwhile. */
  constructor(total: number | undefined, streaming: boolean) {
    this.#total = total;
    this.#wanted = process.stderr.isTTY === true && !(streaming && process.stdout.isTTY === true);
  }

  /** Tells how many octets and packets are done. To be awaited when it gives a promise, or nothing is ever drawn. */
  tell(octets: number, packets: number): Promise<void> | undefined {
    const now = Date.now();
    if (!this.#wanted || now - this.#begun < PATIENCE_MS || now - this.#last < REFRESH_MS) return undefined;
    this.#last = now;
    const seconds = (now - this.#begun) / 1000;
    const shown = {
      rate: Math.round(packets / seconds).toLocaleString("en-US"),
      packets: packets.toLocaleString("en-US"),
      left: timeLeft(seconds, octets, this.#total),
    };
    if (this.#bar) this.#bar.update(octets, shown);
    else if (!this.#loading) void this.#show(octets, shown);
    return new Promise((resolve) => setImmediate(resolve));
  }

  async #show(octets: number, shown: Shown): Promise<void> {
    this.#loading = true;
    const { default: progress } = await import("cli-progress");
    if (this.#over) return;
    const format = this.#total ? "{bar} {percentage} % · {rate} packets/s{left}" : "{packets} packets · {rate} packets/s";
    const barsize = Math.max(5, Math.min(BAR_MOST, (process.stderr.columns ?? 80) - WORDS));
    const bar = new progress.SingleBar(
      { format, barsize, stream: process.stderr, clearOnComplete: true, hideCursor: true },
      progress.Presets.shades_classic,
    );
    bar.start(this.#total ?? 0, octets, shown);
    this.#bar = bar;
  }

  /** Takes the bar away. */
  stop(): void {
    this.#over = true;
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** " · 2 min 5 s left", by what has been done in the time so far; nothing before anything has been. */
export function timeLeft(seconds: number, done: number, total: number | undefined): string {
  if (!total || done <= 0 || done > total) return "";
  const left = Math.ceil((seconds * (total - done)) / done);
  const minutes = Math.floor(left / 60);
  if (minutes >= 60) return ` · ${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
  return minutes > 0 ? ` · ${minutes} min ${left % 60} s left` : ` · ${left} s left`;
}
