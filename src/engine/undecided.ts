/** Thrown inside the engine where going on would be a guess; the replay turns it into verdict "unknown" with this reason. */
export class Undecided extends Error {
  readonly reason: string;
  /** State cells that are in doubt from now on. */
  readonly doubtful: readonly string[];

  constructor(reason: string, doubtful: readonly string[] = []) {
    super(reason);
    this.reason = reason;
    this.doubtful = doubtful;
  }
}
