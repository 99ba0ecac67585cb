/** Thrown inside the engine where going on would be a guess; the replay turns it into verdict "unknown" with this reason. */
export class Undecided extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}
