import { type AttributeLine, attributeReader } from "../../grammars/attributes.ts";
import { quote, type Word } from "../../grammars/words.ts";
import { SERVICES } from "../extensions/services.ts";
import { type Address, parseAddress } from "../model/address.ts";
import type { RealServer, VirtualService } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { linesRead } from "./lines.ts";

type Service = Pick<VirtualService, "protocol" | "address" | "port" | "mark">;

const PROTOCOLS = [
  ["-t", "tcp"],
  ["-u", "udp"],
  ["--sctp-service", "sctp"],
  ["-f", "fwmark"],
] as const;
const METHODS = [
  ["-g", "route"],
  ["-i", "tunnel"],
  ["-m", "masquerade"],
] as const;
const SERVICE_OPTIONS = ["-p", "-M", "--pe", "-b"];
const SERVER_OPTIONS = ["-x", "-y", "--tun-type", "--tun-port"];
const SERVER_FLAGS = ["--tun-nocsum", "--tun-csum", "--tun-remcsum"];
const EXPECTED = "an option of ipvsadm (-t, -u, -f, -s, -r, -m, -w …)";
const DEFAULT_SCHEDULER = "wlc";
// ipvsadm.c, parse_options: six minutes.
const DEFAULT_TIMEOUT = "360";

const readLine = attributeReader(
  [...PROTOCOLS.map(([flag]) => flag), "-s", "-r", "-w", ...SERVICE_OPTIONS, ...SERVER_OPTIONS],
  1,
  EXPECTED,
);

function endpoint(attributes: Attributes, word: Word): { address: Address; port: number } | undefined {
  const [, bracketed, plain = bracketed, port = "0"] = /^(?:\[([^\]]*)\]|([^:]*))(?::([\w-]+))?$/.exec(word.text) ?? [];
  const address = parseAddress(plain ?? "");
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Object.hasOwn(SERVICES, port) ? SERVICES[port] : undefined;
  if (address !== undefined && number !== undefined) return { address, port: number };
  attributes.fail(word, `expected an address and a port (10.0.0.1:80), found ${quote(word.text)}`);
  return undefined;
}

function serviceOf(attributes: Attributes, first: Word): Service | undefined {
  for (const [flag, protocol] of PROTOCOLS) {
    const word = attributes.word(flag, "a service");
    if (!word) continue;
    if (protocol !== "fwmark") {
      const at = endpoint(attributes, word);
      return at && { protocol, ...at };
    }
    if (/^\d{1,10}$/.test(word.text)) return { protocol, mark: Number(word.text) };
    attributes.fail(word, `expected a mark after -f, found ${quote(word.text)}`);
    return undefined;
  }
  if (!attributes.failed) attributes.fail(first, `expected a service (-t, -u, --sctp-service or -f) after ${first.text}`);
  return undefined;
}

function optionsOf(attributes: Attributes, names: readonly string[], flags: readonly string[]): Record<string, string> {
  const found = names.flatMap((name): [string, string][] => {
    const value = attributes.text(name);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...found, ...flags.filter((name) => attributes.has(name)).map((name): [string, string] => [name, ""])]);
}

function keyOf({ protocol, address, port, mark }: Service): string {
  return [protocol, address, port, mark].join(" ");
}

/** A service whose servers are still coming. */
interface Draft extends VirtualService {
  readonly servers: RealServer[];
}

class IpvsReader {
  readonly services = new Map<string, Draft>();

  take({ heads: [command], attributes: words }: AttributeLine, attributes: Attributes): void {
    if (!command) return;
    if (command.text !== "-A" && command.text !== "-a") {
      return attributes.fail(command, `expected -A or -a, found ${quote(command.text)}`);
    }
    const persistent = words.find(({ name, values }) => name.text === "-p" && (!values[0] || values[0].text.startsWith("-")));
    if (persistent) return attributes.fail(persistent.name, `expected seconds after -p, as ipvsadm-save writes them (${DEFAULT_TIMEOUT})`);
    const service = serviceOf(attributes, command);
    if (command.text === "-A") this.#service(service, attributes, command);
    else this.#server(service, attributes, command);
  }

  #service(service: Service | undefined, attributes: Attributes, command: Word): void {
    const scheduler = attributes.text("-s", "a scheduler") ?? DEFAULT_SCHEDULER;
    const options = optionsOf(attributes, SERVICE_OPTIONS, ["-o"]);
    if (!attributes.finish(EXPECTED) || !service) return;
    if (this.services.has(keyOf(service))) attributes.fail(command, "this service is given twice");
    else this.services.set(keyOf(service), { ...service, scheduler, options, servers: [] });
  }

  #server(service: Service | undefined, attributes: Attributes, command: Word): void {
    const word = attributes.word("-r", "a server");
    const server = word && endpoint(attributes, word);
    const method = METHODS.find(([flag]) => attributes.has(flag))?.[1] ?? "route";
    const weight = attributes.number("-w") ?? 1;
    const options = optionsOf(attributes, SERVER_OPTIONS, SERVER_FLAGS);
    if (!word) attributes.fail(command, "expected -r and a server in the line");
    if (!attributes.finish(EXPECTED) || !service || !server) return;
    const known = this.services.get(keyOf(service));
    if (known) known.servers.push({ ...server, method, weight, options });
    else attributes.fail(command, "no such service is added before this line");
  }
}

/** Reads what `ipvsadm-save` prints, with `-n` or without. */
export function parseIpvsadmSave(text: string, file: string): Parsed<readonly VirtualService[]> {
  const reader = new IpvsReader();
  const problems: Problem[] = [];
  for (const { words, report } of linesRead(text, file, readLine, problems)) reader.take(words, new Attributes(words.attributes, report));
  return { value: [...reader.services.values()], problems };
}
