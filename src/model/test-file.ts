import type { Address, Prefix } from "./address.ts";
import type { PacketWords } from "./packet-words.ts";
import type { Problem } from "./problem.ts";
import type { TableName } from "./rule.ts";
import type { CtState, Verdict } from "./trace.ts";

/** A place in a test file, for what turns out to be wrong with it later. */
export type Spot = Pick<Problem, "file" | "line" | "column" | "span" | "source">;

/** Something that a test file says, and where. */
export interface Said<T> {
  readonly value: T;
  readonly spot: Spot;
}

/** How a test file names a rule; `netns` where it lies in a certain namespace, `text` as it was written. */
export interface RuleReference {
  readonly text: string;
  readonly netns?: string;
  readonly by:
    | { readonly kind: "number"; readonly table: TableName; readonly chain: string; readonly rule: number }
    | { readonly kind: "policy"; readonly table: TableName; readonly chain: string }
    | { readonly kind: "line"; readonly line: number }
    | { readonly kind: "rule"; readonly text: string }
    | { readonly kind: "comment"; readonly comment: string };
}

/** What an address is translated to; without a port any will do. */
export interface ExpectedEndpoint {
  readonly address: Address;
  readonly port?: number;
}

/** What is to become of a packet. A field that is absent is not looked at. */
export interface Expectation {
  /** Any of these. */
  readonly verdict?: readonly Verdict[];
  /** The rule or policy that decided: that ended it, or that let it pass. */
  readonly rule?: RuleReference;
  /** Rules that it has to match on its way. */
  readonly matches?: readonly RuleReference[];
  /** Why it was dropped where no rule did that: "no-route". */
  readonly reason?: string;
  readonly dnat?: ExpectedEndpoint | "none";
  readonly snat?: ExpectedEndpoint | "none";
  /** Devices that it leaves by, each "eth0" or "NETNS:eth0". */
  readonly out?: readonly string[] | "none";
  /** The namespace that its way ends in. */
  readonly netns?: string;
  /** What connection tracking calls it where it enters. */
  readonly state?: CtState;
  /** Of a capture: how many packets are meant. */
  readonly count?: number;
}

/** Where a described packet enters: a device of a namespace, or a local socket. */
export interface Entrance {
  readonly netns?: Said<string>;
  readonly interface?: Said<string>;
  readonly isFromSocket: boolean;
}

/** A packet that a test sends: described, or the reply to the one before it. */
export interface SentPacket extends Entrance {
  readonly name?: string;
  readonly words: Said<PacketWords | "reply">;
  /** As it was written. */
  readonly text: string;
  /** Mark that the sending socket sets. */
  readonly mark?: number;
  /** Nanoseconds after the packet before it. */
  readonly after?: bigint;
  readonly expect?: Said<Expectation>;
}

/** Which packets of a capture are meant; each field lists what will do. */
export interface PacketFilter {
  readonly src?: readonly Prefix[];
  readonly dst?: readonly Prefix[];
  readonly address?: readonly Prefix[];
  readonly protocol?: readonly number[];
  readonly sport?: readonly number[];
  readonly dport?: readonly number[];
  readonly flow?: readonly number[];
  readonly packet?: readonly number[];
}

interface TestBase {
  readonly name: Said<string>;
  /** What is taken for true about the machine, KEY=VALUE. */
  readonly assume: readonly Said<string>[];
}

/** A test that sends packets one after the other; connections last from one to the next. */
export interface PacketTest extends TestBase {
  readonly kind: "packets";
  readonly packets: readonly SentPacket[];
  /** When the first is sent, in nanoseconds since the epoch. */
  readonly time?: bigint;
}

/** A test of every packet of one or several captures that its filter chooses. */
export interface CaptureTest extends TestBase {
  readonly kind: "capture";
  /** FILE or FILE@NETNS:DEVICE, relative to the test file. */
  readonly captures: readonly Said<string>[];
  readonly netns?: Said<string>;
  readonly interface?: Said<string>;
  readonly where: PacketFilter;
  readonly expect: Said<Expectation>;
}

/** The files that say what the machine is, relative to the test file. */
export interface HostFiles {
  readonly snapshot?: string;
  readonly rules?: string;
  readonly rules6?: string;
  readonly routes: readonly string[];
  readonly links: readonly string[];
  readonly netns?: string;
}

/** What a test file says. */
export interface TestFile {
  readonly host?: Said<HostFiles>;
  readonly assume: readonly Said<string>[];
  readonly tests: readonly (PacketTest | CaptureTest)[];
}
