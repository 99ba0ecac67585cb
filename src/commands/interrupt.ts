const CODE = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type Deadly = keyof typeof CODE;

/** Ctrl-C: the first one ends the reading, a second one the program. */
export class Interrupt {
  isPending = false;
  /** Called once when it happens. */
  tell: (() => void) | undefined;
  #cleanUp: (() => Promise<void>) | undefined;

  constructor() {
    process.on("SIGINT", this.#interrupt);
  }

  /** What takes away what is not whole when the program is ended. */
  first(cleanUp: (() => Promise<void>) | undefined): void {
    this.#cleanUp = cleanUp;
    if (cleanUp) for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, this.#die);
  }

  /** From now on signals do what they usually do. */
  end(): void {
    process.off("SIGINT", this.#interrupt);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.off(signal, this.#die);
  }

  readonly #interrupt = (): void => {
    if (this.isPending) this.#die("SIGINT");
    this.isPending = true;
    this.tell?.();
  };

  readonly #die = (signal: Deadly): void => {
    void (this.#cleanUp?.() ?? Promise.resolve()).finally(() => process.exit(CODE[signal]));
  };
}
