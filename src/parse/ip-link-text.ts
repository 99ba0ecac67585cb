import { type LinkLine, readLinkLine } from "../../grammars/ip-link.ts";
import { quote, type Word } from "../../grammars/words.ts";
import { parseMac } from "../model/address.ts";
import type { Device, DeviceAddress } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { deviceDetails, deviceGroup, plainKind, type Setting } from "./device.ts";
import { readAddressLine } from "./device-address.ts";
import { unsigned } from "./iproute2-names.ts";
import { lineProblem, type Report, type SourceLine, significantLines } from "./lines.ts";

type Header = Extract<LinkLine, { kind: "header" }>;
type Link = Extract<LinkLine, { kind: "link" }>;
type Details = Extract<LinkLine, { kind: "details" }>;

/** The lines of one device. */
interface Block {
  readonly index: number;
  /** `veth0@if4`, not yet taken apart. */
  readonly label: string;
  readonly flags: readonly string[];
  readonly settings: Map<string, Word>;
  readonly addresses: DeviceAddress[];
  link?: Link;
  own?: Details;
  slave?: Details;
}

/** A setting by its name, where names and values follow each other. */
export function settingOf(words: readonly Word[]): Setting {
  return (name) => words[words.findIndex(({ text }) => text === name) + 1 || words.length]?.text;
}

/** Two device names and the @ between them are far shorter (if.h, IFNAMSIZ). */
const LONGEST_LABEL = 100;

/** The ways to take `name@lower` apart: both parts may have an `@` of their own. */
export function labelSplits(label: string): { name: string; lower?: string }[] {
  const splits: { name: string; lower?: string }[] = [];
  if (label.length > LONGEST_LABEL) return [{ name: label }];
  for (let at = label.indexOf("@"); at > 0; at = label.indexOf("@", at + 1))
    splits.push({ name: label.slice(0, at), lower: label.slice(at + 1) });
  return splits.length > 0 ? splits : [{ name: label }];
}

/** Takes `name@lower` apart; where names have an `@` of their own, the lower one has to be another device's name. */
export function splitLabel(label: string, names: ReadonlySet<string>): { name: string; lower?: string } {
  const splits = labelSplits(label);
  const known = splits.find(({ lower }) => lower !== undefined && (/^(if\d+|NONE)$/.test(lower) || names.has(lower)));
  return known ?? splits[0] ?? { name: label };
}

function lowerOf(lower: string | undefined): Pick<Device, "linkIndex" | "linkName"> {
  const index = /^if(\d+)$/.exec(lower ?? "");
  if (index) return { linkIndex: Number(index[1]) };
  return lower === undefined || lower === "NONE" ? {} : { linkName: lower };
}

function linkFacts(link: Link | undefined): Pick<Device, "mac" | "linkNetns" | "linkNetnsId"> {
  const value = (name: string) => link?.attributes.find((attribute) => attribute.name.text === name)?.values[0]?.text;
  const mac = parseMac(link?.attributes[0]?.name.text ?? "");
  const id = unsigned(value("link-netnsid") ?? "");
  const netns = value("link-netns");
  return {
    ...(mac !== undefined && { mac }),
    ...(id !== undefined && { linkNetnsId: id }),
    ...(netns !== undefined && { linkNetns: netns }),
  };
}

function deviceOf(block: Block, names: ReadonlySet<string>): Device {
  const { name, lower } = splitLabel(block.label, names);
  const { flags, own, slave, settings } = block;
  const kind = own?.name.text ?? plainKind(flags);
  const master = settings.get("master")?.text;
  const port = slave && { kind: slave.name.text.replace(/_slave$/, ""), setting: settingOf(slave.words) };
  return {
    index: block.index,
    name,
    kind,
    up: flags.includes("UP"),
    carrier: flags.includes("LOWER_UP"),
    flags,
    mtu: unsigned(settings.get("mtu")?.text ?? "") ?? 1500,
    addresses: block.addresses,
    ...linkFacts(block.link),
    ...lowerOf(lower),
    ...(master !== undefined && { master }),
    ...deviceGroup(settings.get("group")?.text),
    ...deviceDetails(kind, own && settingOf(own.words), port, master),
  };
}

function openBlock(header: Header, report: Report): Block {
  const settings = new Map(header.attributes.flatMap(({ name, values: [value] }) => (value ? [[name.text, value]] : [])));
  const mtu = settings.get("mtu");
  if (mtu && unsigned(mtu.text) === undefined) report(mtu, `expected a number after mtu, found ${quote(mtu.text)}`);
  const label = header.name.text.replace(/:$/, "");
  // `ip -o addr` shows no flags; that a device with an address is up is what its reader takes for granted too.
  const flags = header.flags
    ? header.flags.text.slice(1, -1).split(",").filter(Boolean)
    : ["UP", "LOWER_UP", ...(label === "lo" ? ["LOOPBACK"] : [])];
  return { index: Number.parseInt(header.index.text, 10), label, flags, settings, addresses: [] };
}

/** Adds an indented line to its device; false when `ip` prints no such line there. */
function addLine(block: Block, line: Exclude<LinkLine, Header>, report: Report): boolean {
  if (line.kind === "link") {
    const address = line.attributes[0];
    // People mask addresses before they show them to others: 52:54:XX:XX:XX:XX is then not known, and no mistake.
    const masked = /^[0-9a-fA-FxX]{2}(:[0-9a-fA-FxX]{1,2}){5}$/.test(address?.name.text ?? "");
    if (!masked && line.type.text === "link/ether" && address && address.values.length === 0 && parseMac(address.name.text) === undefined) {
      report(address.name, `expected an Ethernet address after link/ether, found ${quote(address.name.text)}`);
    }
    block.link = line;
  } else if (line.kind === "address") {
    const address = readAddressLine(line, report);
    if (address) block.addresses.push(address);
  } else if (line.kind === "details") {
    // Only `-d` shows promiscuity, and with it the kind of the device.
    if (!block.link?.attributes.some(({ name }) => name.text === "promiscuity")) return false;
    if (line.name.text.endsWith("_slave")) block.slave ??= line;
    else if (!block.slave) block.own ??= line;
  }
  return true;
}

const EXPECTED = "a device (2: eth0: <UP,…>), link/TYPE, inet or inet6";

/** Reads the text of `ip link`, `ip addr` and their `-d`, `-s` and `-o` forms. */
export function readLinksText(text: string, file: string): Parsed<Device[]> {
  const problems: Problem[] = [];
  const blocks: Block[] = [];
  let block: Block | undefined;
  // Lines below a device that could not be read belong to nothing, and that is not their fault.
  let orphaned = false;
  const report = (line: SourceLine, { text: word, column }: Word, message: string) =>
    problems.push(lineProblem(file, line, { message, column, span: word.length }));
  for (const line of significantLines(text, file, problems)) {
    const { value, faults } = readLinkLine(line.text);
    const indented = /^\s/.test(line.text) || line.offset > 0;
    problems.push(...faults.map((fault) => lineProblem(file, line, fault)));
    const complain: Report = (word, message) => report(line, word, message);
    if (value?.kind === "header") {
      const opened = openBlock(value, complain);
      const again = value.address && block?.index === opened.index && block.label === opened.label ? block : undefined;
      if (!again) blocks.push(opened);
      block = again ?? opened;
      if (value.address) addLine(block, value.address, complain);
    } else if (!value || !indented || (!block && !orphaned)) {
      const column = line.text.search(/\S/) + 1;
      const found = line.text.trim().split(/\s/, 1)[0] ?? "";
      if (value) report(line, { text: found, column }, `expected a device (2: eth0: <UP,…>), found ${quote(found)}`);
      if (!indented || !block) [block, orphaned] = [undefined, true];
    } else if (block && !addLine(block, value, complain)) {
      const name = value.kind === "details" ? value.name : { text: "", column: 1 };
      complain(name, `expected ${EXPECTED}, found ${quote(name.text)}`);
    }
  }
  const names = new Set(blocks.flatMap(({ label }) => [label, ...labelSplits(label).map(({ name }) => name)]));
  return { value: blocks.map((one) => deviceOf(one, names)), problems };
}
