import { readDumpLine, readTcpdumpLine } from "../../../grammars/tcpdump.ts";
import { type Fault, LONGEST_LINE } from "../../../grammars/words.ts";
import type { Frame } from "../../model/packet.ts";
import type { Problem } from "../../model/problem.ts";
import { MOST_PROBLEMS, type Report, TOO_MANY } from "../lines.ts";
import { frameOf, type PacketLines, type TextHeader } from "./frame-text.ts";
import { Past } from "./past.ts";
import { Clock, dayOf, readStamp } from "./stamp.ts";
import { UNTOLD_TIME } from "./told.ts";

/** How tcpdump's lines begin with a time, and before it their number. */
const STAMPED =
  /^(?: *\d+ {2})? ?(?:-?\d\d:\d\d:\d\d\.\d+|\d{4}-\d\d-\d\d[ T]-?\d\d:\d\d:\d\d|-?\d+\.\d{6,}(?=\s)|\[Error converting time\])/;
/** How they begin without one. */
const UNSTAMPED =
  /^(?: *\d+ {2})?(?:IP6? |IP6?: |ARP, |RARP|PPPoE |MPLS \(|EAPOL|LLDP|STP |CDPv|IS-IS|LLC|Loopback|AF IPv|ip: |(?:[0-9a-f]{2}:){5}[0-9a-f]{2} > |\S{1,32} +(?:In|Out|B|M|P) {1,3}(?:IP6?|ARP|ifindex)[ ,]|(?:In|Out| B| M| P) +(?:[0-9a-f]{2}:|ethertype))/;
const LISTENING = /^(?:tcpdump: )?(?:listening on|reading from file) (\S+?),(?: RFMON,)? link-type (\S+)/;
const REMARK =
  /^(?:tcpdump: |dropped privs|listening on |reading from file |Warning: |\d+ packets? (?:captured|received by filter|dropped by))/;
/** What the octets of a network header are to -A: version and header length of IP first, or nothing that can be printed. */
const ASCII_DUMP = /^[.`a-oE-O]/;
/** Lines of one packet that are kept: of a dump, those of the longest packet. */
const MOST_LINES = 16_500;
/** Packets by whose times -ttt and -ttttt are told apart. */
const WAITING = 20;

/** Whether a line begins a packet, in a text whose lines have times or not. */
function beginsPacket(text: string, isStamped: boolean): boolean {
  return isStamped ? STAMPED.test(text) : UNSTAMPED.test(text);
}

/** Whether a text is what tcpdump prints. */
export function looksLikeTcpdump(head: string): boolean {
  const lines = head.split("\n", 40).map((line) => line.replace(/\r$/, ""));
  const first = lines.find((line) => line.trim() !== "" && !REMARK.test(line));
  if (first === undefined) return lines.some((line) => LISTENING.test(line));
  return STAMPED.test(first) || UNSTAMPED.test(first);
}

interface Held {
  readonly text: string;
  readonly line: number;
  readonly more: string[];
}

/** Reads tcpdump's text line by line; a packet is known when the next one begins. */
export class TcpdumpReader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #header: TextHeader = {};
  readonly #past = new Past();
  readonly #clock: Clock;
  #isStamped: boolean | undefined;
  #held: Held | undefined;
  /** Packets whose times may be those since the one before. */
  #waiting: { readonly packet: PacketLines; readonly held: Held }[] | undefined;
  #adds = false;
  #number = 0;
  #line = 0;
  #isAscii = false;
  #frames: Frame[] = [];
  digits: 6 | 9 = 6;

  /** `near` is a time of the day that clocks without a date are of: nanoseconds since the epoch. */
  constructor(file: string, near = 0n) {
    this.#file = file;
    this.#clock = new Clock(dayOf(near));
  }

  /** Takes one line, without its end. */
  push(whole: string): void {
    this.#line++;
    const text = (this.#line === 1 ? whole.replace(/^\ufeff/, "") : whole).slice(0, LONGEST_LINE);
    if (text.trim() === "") return;
    if (this.#isStamped !== true && !beginsPacket(text, false) && !STAMPED.test(text) && this.#takeRemark(text)) return;
    this.#isStamped ??= STAMPED.test(text) ? true : UNSTAMPED.test(text) ? false : undefined;
    if (this.#isStamped !== undefined && beginsPacket(text, this.#isStamped)) {
      this.#release();
      this.#held = { text, line: this.#line, more: [] };
      this.#isAscii = false;
      return;
    }
    if (this.#takeRemark(text)) return;
    if (!this.#held)
      return this.#complain({ message: "expected a packet as tcpdump prints it", column: 1, span: text.length }, text, this.#line);
    const goesOn = /^\s/.test(text);
    if (!goesOn && !this.#isAscii) {
      if (!ASCII_DUMP.test(text)) {
        const message = "expected the time of a packet, or a line that goes on with one";
        return this.#complain({ message, column: 1, span: text.length }, text, this.#line);
      }
      this.#isAscii = true;
    }
    if (goesOn && this.#held.more.length < MOST_LINES && (this.#held.more.length < 16 || readDumpLine(text))) this.#held.more.push(text);
  }

  /** The frames that are known by now. */
  take(): readonly Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  /** The text is over, or pauses. */
  finish(): readonly Frame[] {
    this.#release();
    this.#decide();
    return this.take();
  }

  #takeRemark(text: string): boolean {
    const listening = LISTENING.exec(text);
    if (listening?.[1] !== undefined && listening[2] !== undefined) {
      this.#header.linkType = listening[2];
      if (text.includes("listening on") && listening[1] !== "any") this.#header.device = listening[1];
      return true;
    }
    return REMARK.test(text);
  }

  #complain(fault: Fault, source: string, line: number): void {
    if (this.problems.length > MOST_PROBLEMS) return;
    const file = this.#file;
    if (this.problems.length === MOST_PROBLEMS) this.problems.push({ file, line, column: 1, message: TOO_MANY });
    // A line that was cut is not shown.
    else this.problems.push({ file, line, ...fault, ...(source.length < LONGEST_LINE && { source }) });
  }

  #release(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    const { value, faults } = readTcpdumpLine(held.text);
    for (const fault of faults) this.#complain(fault, held.text, held.line);
    const number = ++this.#number;
    const line = value ?? { link: [], body: [] };
    const stamp = readStamp(line.stamp?.text);
    if (stamp.digits === 9) this.digits = 9;
    if (number === 1 && stamp.base === "clock" && stamp.time === 0n) this.#waiting = [];
    const packet = { line, more: held.more, number, time: stamp.time };
    if (this.#waiting) {
      this.#waiting.push({ packet, held });
      if (this.#waiting.length >= WAITING) this.#decide();
    } else this.#finishPacket(packet, held);
  }

  /** -ttt begins at zero as -ttttt does, but its times do not grow. */
  #decide(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#adds = waiting.some(({ packet }, index) => packet.time < (waiting[index - 1]?.packet.time ?? packet.time));
    for (const { packet, held } of waiting) this.#finishPacket(packet, held);
  }

  #finishPacket(packet: PacketLines, held: Held): void {
    const stamp = readStamp(packet.line.stamp?.text);
    const { time, base } = this.#clock.take(stamp, this.#adds);
    const report: Report = ({ text, column }, message) => this.#complain({ message, column, span: text.length }, held.text, held.line);
    const frame = frameOf({ ...packet, time }, this.#header, this.#past, report);
    const untold = base === "epoch" ? undefined : UNTOLD_TIME[base === "date" || base === "none" ? base : "clock"];
    this.#frames.push(untold ? { ...frame, timeAssumption: untold } : frame);
  }
}
