import { octetsOf } from "./transport-text.ts";

const MOST = 40;
const KIND = { eol: 0, nop: 1, mss: 2, wscale: 3, sackOK: 4, sack: 5, ts: 8, md5: 19, tfo: 34 } as const;

/** Writes what tcpdump shows of TCP options as octets, as far as it shows them (print-tcp.c, tcp_print); `base` is what SACK numbers count from. */
export function optionOctets(text: string, base: number): number[] {
  const octets = text.split(",").flatMap((option) => octetsOfOption(option.trim(), base));
  while (octets.length % 4 !== 0) octets.push(KIND.eol);
  return octets.slice(0, MOST);
}

function octetsOfOption(text: string, base: number): number[] {
  const [name = "", ...values] = text.split(/ +/);
  const numbers = values.map((value) => Number.parseInt(value, 10) || 0);
  switch (name) {
    case "eol":
      return [KIND.eol];
    case "nop":
      return [KIND.nop];
    case "mss":
      return [KIND.mss, 4, ...octetsOf(numbers[0] ?? 0, 2)];
    case "wscale":
      return [KIND.wscale, 3, (numbers[0] ?? 0) & 0xff];
    case "sackOK":
      return [KIND.sackOK, 2];
    case "TS":
      return [KIND.ts, 10, ...octetsOf(numbers[1] ?? 0, 4), ...octetsOf(numbers[3] ?? 0, 4)];
    case "timestamp":
      return [KIND.ts, 10, ...octetsOf(numbers[0] ?? 0, 4), ...octetsOf(numbers[1] ?? 0, 4)];
    case "sack":
      return sackOctets(text, base);
    default:
      return rawOctets(name, values.at(-1) ?? "");
  }
}

function sackOctets(text: string, base: number): number[] {
  const edges = [...text.matchAll(/(\d{1,10}):(\d{1,10})/g)].slice(0, 4).flatMap(([, from, to]) => [Number(from), Number(to)]);
  const octets = edges.flatMap((edge) => octetsOf((edge + base) % 2 ** 32, 4));
  return octets.length === 0 ? [] : [KIND.sack, 2 + octets.length, ...octets];
}

function rawOctets(name: string, value: string): number[] {
  const kind = name === "md5" ? KIND.md5 : name === "tfo" ? KIND.tfo : Number(/^(?:unknown|opt)-(\d{1,3})$/.exec(name)?.[1] ?? Number.NaN);
  const digits = /^(?:0x)?((?:[0-9a-f]{2}){0,38})$/.exec(value)?.[1] ?? "";
  if (!(kind > KIND.nop && kind < 256)) return [];
  return [kind, 2 + digits.length / 2, ...(digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))];
}
