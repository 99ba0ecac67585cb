/** What one run of one candidate came to. */
export interface Sample {
  /** Wall time of the process; for a figure of another kind, that. */
  readonly seconds: number;
  /** MiB, as wait4 tells of the process (`/usr/bin/time`); absent where that is not installed. */
  readonly peak?: number;
  /** Seconds of processor time, in the process and in the kernel for it; told by the same. */
  readonly cpu?: number;
  /** It was ended when its time was over, so it would have taken longer. */
  readonly over?: boolean;
  /** Why there is no figure. */
  readonly failed?: string;
}

/** Something that is run in each round, under a name. */
export interface Candidate {
  readonly name: string;
  run(): Promise<Sample>;
}
