import type { Flow } from "./flows.ts";
import { ACK, FIN, PSH, SYN } from "./packet.ts";
import type { Random } from "./random.ts";

/** What one side sends next; sequence numbers are those of a real connection. */
export interface Segment {
  readonly answer: boolean;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly payload: number;
}

const CLOSING = 3;
const HANDSHAKE = 3;
const FULL = 1448;

/** One connection as it goes on: handshake, data both ways, and the end. */
export class Conversation {
  readonly #flow: Flow;
  readonly #random: Random;
  #step = 0;
  #client: number;
  #server: number;

  constructor(flow: Flow, random: Random) {
    this.#flow = flow;
    this.#random = random;
    this.#client = random.bits();
    this.#server = random.bits();
  }

  /** The next packet. */
  next(): Segment {
    const step = this.#step++;
    return this.#flow.protocol === "udp" ? this.#datagram(step) : this.#segment(step);
  }

  #datagram(step: number): Segment {
    const answer = step % 2 === 1;
    return { answer, flags: 0, seq: 0, ack: 0, payload: this.#random.between(30, answer ? 400 : 60) };
  }

  #segment(step: number): Segment {
    const left = this.#flow.packets - step;
    if (step === 0) return this.#send(false, SYN, 0);
    if (step === 1) return this.#send(true, SYN | ACK, 0);
    if (step === 2) return this.#send(false, ACK, 0);
    if (left === CLOSING) return this.#send(false, FIN | ACK, 0);
    if (left === CLOSING - 1) return this.#send(true, FIN | ACK, 0);
    if (left < CLOSING - 1) return this.#send(false, ACK, 0);
    // Request, its acknowledgement, answer, its acknowledgement, and so on.
    switch ((step - HANDSHAKE) % 4) {
      case 0:
        return this.#send(false, PSH | ACK, this.#random.between(80, 500));
      case 1:
        return this.#send(true, ACK, 0);
      case 2:
        return this.#send(true, PSH | ACK, this.#random.below(3) === 0 ? FULL : this.#random.between(20, 700));
      default:
        return this.#send(false, ACK, 0);
    }
  }

  #send(answer: boolean, flags: number, payload: number): Segment {
    const seq = answer ? this.#server : this.#client;
    const ack = flags & ACK ? (answer ? this.#client : this.#server) : 0;
    const taken = payload + (flags & (SYN | FIN) ? 1 : 0);
    if (answer) this.#server = (this.#server + taken) >>> 0;
    else this.#client = (this.#client + taken) >>> 0;
    return { answer, flags, seq, ack, payload };
  }
}
