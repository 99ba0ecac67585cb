import { z } from "zod";
import { readLinkLine } from "../../grammars/ip-link.ts";
import { quote, type Word } from "../../grammars/words.ts";
import type { BridgePort, Device } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { bridgePort, plainKind } from "./device.ts";
import { labelSplits, settingOf, splitLabel } from "./ip-link-text.ts";
import { isJson, readJsonList } from "./json.ts";
import { lineProblem, significantLines } from "./lines.ts";

/** A port as `bridge link` shows it; without `-d` its switches are the kernel's defaults. */
export interface BridgeLink {
  readonly device: string;
  readonly port: BridgePort;
}

const flag = z.boolean().nullish();
const schema = z.looseObject({
  ifname: z.string(),
  master: z.string().nullish(),
  state: z.string().nullish(),
  hairpin: flag,
  isolated: flag,
  learning: flag,
  flood: flag,
  mcast_flood: flag,
  bcast_flood: flag,
  locked: flag,
});

/** The lines of one port. */
interface Block {
  /** `veth0@if4`, not yet taken apart. */
  readonly label: string;
  readonly master: string;
  readonly words: Word[];
}

function readText(text: string, file: string): Parsed<BridgeLink[]> {
  const blocks: Block[] = [];
  const problems: Problem[] = [];
  let block: Block | undefined;
  for (const line of significantLines(text, file, problems)) {
    const { value, faults } = readLinkLine(line.text);
    for (const fault of faults) problems.push(lineProblem(file, line, fault));
    if (value?.kind === "header") {
      const words = value.attributes.flatMap(({ name, values }) => [name, ...values]);
      const master = settingOf(words)("master");
      block = { label: value.name.text.replace(/:$/, ""), master: typeof master === "string" ? master : "", words };
      if (master !== undefined) blocks.push(block);
    } else if (value?.kind === "details" && block) block.words.push(value.name, ...value.words);
    else if (value) {
      const column = line.text.search(/\S/) + 1;
      const message = `expected a port (2: eth0: <UP,…> … master br0), found ${quote(line.text.trim().split(/\s/, 1)[0] ?? "")}`;
      problems.push(lineProblem(file, line, { message, column, span: 1 }));
    }
  }
  const names = new Set(blocks.flatMap(({ label }) => [label, ...labelSplits(label).map(({ name }) => name)]));
  return {
    value: blocks.map(({ label, master, words }) => ({
      device: splitLabel(label, names).name,
      port: bridgePort(master, settingOf(words)),
    })),
    problems,
  };
}

/** Reads `bridge link`, text or JSON, with `-d` or without. */
export function parseBridgeLinks(text: string, file: string): Parsed<BridgeLink[]> {
  if (!isJson(text)) return readText(text, file);
  const { value, problems } = readJsonList(text, file, schema);
  const links = value.flatMap(({ value: link }): BridgeLink[] => {
    if (!link.master) return [];
    const settings: Readonly<Record<string, unknown>> = link;
    return [{ device: link.ifname, port: bridgePort(link.master, (name) => settings[name] as string | boolean | undefined) }];
  });
  return { value: links, problems };
}

/** Devices with what `bridge link` knows of them, where `ip -d link` did not say it already: ports, and which device is a bridge. */
export function withBridgeLinks(devices: readonly Device[], links: readonly BridgeLink[]): Device[] {
  const ports = new Map(links.map(({ device, port }) => [device, port]));
  const bridges = new Set(links.map(({ port }) => port.bridge));
  return devices.map((device) => {
    const port = device.port ?? ports.get(device.name);
    const bridge = bridges.has(device.name) && device.kind === plainKind(device.flags);
    return { ...device, ...(port && { port, master: device.master ?? port.bridge }), ...(bridge && { kind: "bridge" }) };
  });
}
