import type { Step } from "../model/trace.ts";

/** The steps of a packet, and from its first copy on those of all its copies among them. */
export class StepLog {
  readonly own: Step[] = [];
  all: Step[] | undefined;

  push(step: Step): void {
    this.own.push(step);
    this.all?.push(step);
  }
}
