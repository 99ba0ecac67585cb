import type { Node } from "yaml";
import type { PacketWords } from "../../model/packet-words.ts";
import { nearest } from "../nearest.ts";
import { quote, type YamlReader } from "./yaml-reader.ts";

/** A described packet, and the mark of the socket that sends it. */
export interface PacketText {
  readonly words: PacketWords;
  readonly mark?: number;
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The options of `nettrace packet`: words, or numbers from 0 to the greatest. */
const WORD_OPTIONS = ["flags", "type"] as const;
const NUMBER_OPTIONS = { code: 0xff, ttl: 0xff, tos: 0xff, length: 0xffff, mark: 0xffffffff } as const;
const OPTIONS = [...WORD_OPTIONS, ...(Object.keys(NUMBER_OPTIONS) as (keyof typeof NUMBER_OPTIONS)[])];

/** Flags of the command that have a key of their own in a test file. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  in: "interface: says on which device it comes in",
  "out-of-socket": "out-of-socket: true says that a local program sends it",
  reply: "packet: reply is the reply to the packet before it",
};

/** Reads "tcp 198.51.100.7:40000 203.0.113.10:443 SYN --ttl 3": what follows `nettrace packet`, where TCP flags and ICMP type need no flag before them. */
export function readPacketText(reader: YamlReader, node: Node, text: string): PacketText | undefined {
  const words = [...text.matchAll(/\S+/g)].map((m): Word => ({ text: m[0], start: m.index, end: m.index + m[0].length }));
  const [protocol, src, dst, ...rest] = words;
  if (!protocol || !src || !dst)
    return reader.report(node, `expected PROTOCOL SOURCE DESTINATION, as in tcp 192.0.2.1:40000 192.0.2.2:443; found ${quote(text)}`);
  const found: Record<string, string | number> = {};
  const report = ({ start, end }: Word, message: string, hint?: string) => reader.report(reader.spotIn(node, start, end), message, hint);
  for (let word = rest.shift(); word; word = rest.shift()) {
    const [, flag, joined] = /^--([^=]*)(?:=(.*))?$/.exec(word.text) ?? [];
    const key = flag ?? (/icmp/i.test(protocol.text) ? "type" : "flags");
    const option = OPTIONS.find((name) => name === key);
    if (option === undefined) {
      const best = nearest(key, OPTIONS);
      const hint = ELSEWHERE[key] ?? (best && `did you mean --${best}?`);
      return report(word, `expected ${OPTIONS.map((name) => `--${name}`).join(", ")}; found ${quote(word.text)}`, hint);
    }
    if (option in found) return report(word, `${option} is given twice`);
    const value = flag === undefined ? word : joined === undefined ? rest.shift() : { ...word, text: joined };
    if (!value) return report(word, `expected a value after ${quote(word.text)}`);
    if (option === "flags" || option === "type") {
      found[option] = value.text;
      continue;
    }
    const most = NUMBER_OPTIONS[option];
    const number = /^(?:0x[0-9a-f]+|\d+)$/i.test(value.text) ? Number(value.text) : Number.NaN;
    if (!(number <= most)) return report(value, `expected a number from 0 to ${most} after --${option}, found ${quote(value.text)}`);
    found[option] = number;
  }
  const { mark, ...others } = found;
  return {
    words: { protocol: protocol.text, src: src.text, dst: dst.text, ...others },
    ...(typeof mark === "number" && { mark }),
  };
}
