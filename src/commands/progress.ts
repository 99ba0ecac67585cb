const PATIENCE_MS = 1000;
const REFRESH_MS = 100;

/** A progress bar on standard error, for work that takes longer than a second in front of a person. */
export class Progress {
  readonly #begun = Date.now();
  readonly #total: number | undefined;
  #bar: { update(value: number, payload: object): void; stop(): void } | undefined;
  #loading = false;
  #last = 0;
  #over = false;

  /** `total` is the size of the input; without it there is no bar. */
  constructor(total: number | undefined) {
    this.#total = process.stderr.isTTY ? total : undefined;
  }

  /** Tells how many octets and packets are done. */
  tell(octets: number, packets: number): void {
    const now = Date.now();
    if (this.#total === undefined || now - this.#begun < PATIENCE_MS || now - this.#last < REFRESH_MS) return;
    this.#last = now;
    const seconds = (now - this.#begun) / 1000;
    const rate = Math.round(packets / seconds).toLocaleString("en-US");
    if (this.#bar) this.#bar.update(octets, { rate });
    else if (!this.#loading) void this.#show(this.#total, octets, rate);
  }

  async #show(total: number, octets: number, rate: string): Promise<void> {
    this.#loading = true;
    const { default: progress } = await import("cli-progress");
    if (this.#over) return;
    const format = "{bar} {percentage} % · {rate} packets/s · {eta_formatted} left";
    const bar = new progress.SingleBar(
      { format, stream: process.stderr, clearOnComplete: true, hideCursor: true },
      progress.Presets.shades_classic,
    );
    bar.start(total, octets, { rate });
    this.#bar = bar;
  }

  /** Takes the bar away. */
  stop(): void {
    this.#over = true;
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
