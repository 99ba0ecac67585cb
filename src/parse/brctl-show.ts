import { attributeReader } from "../../grammars/attributes.ts";
import { quote } from "../../grammars/words.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { Attributes } from "./attributes.ts";
import { linesRead } from "./lines.ts";

/** A bridge with its ports (`brctl show`). */
export interface BridgePorts {
  readonly name: string;
  /** "8000.1e148ef8e6d6" */
  readonly id: string;
  readonly stp: boolean;
  readonly ports: string[];
}

const readWords = attributeReader([], 0, "a bridge, its id, yes or no, and a port");
const HEADING = /^bridge name\s+bridge id\s/;

/** Reads `brctl show`. */
export function parseBrctlShow(text: string, file: string): Parsed<BridgePorts[]> {
  const bridges: BridgePorts[] = [];
  const problems: Problem[] = [];
  for (const { line, words, report } of linesRead(text, file, readWords, problems)) {
    if (HEADING.test(line.text)) continue;
    const attributes = new Attributes(words.attributes, report);
    const first = attributes.next();
    if (!first) continue;
    // The further ports of a bridge stand alone in their lines.
    if (/^\s/.test(line.text)) {
      const last = bridges.at(-1);
      if (!last) attributes.fail(first, `expected a bridge before its ports, found ${quote(first.text)}`);
      if (attributes.finish("nothing after a port")) last?.ports.push(first.text);
      continue;
    }
    const [id, stp, port] = [attributes.next(), attributes.next(), attributes.next()];
    if (!id || !/^[0-9a-fA-F]{4}\.[0-9a-fA-F]{12}$/.test(id.text))
      attributes.fail(id ?? first, `expected a bridge and its id (8000.1e148ef8e6d6), found ${quote((id ?? first).text)}`);
    else if (stp?.text !== "yes" && stp?.text !== "no") attributes.fail(stp ?? id, `expected yes or no after the id of a bridge`);
    if (attributes.finish("nothing after a port") && id)
      bridges.push({ name: first.text, id: id.text, stp: stp?.text === "yes", ports: port ? [port.text] : [] });
  }
  return { value: bridges, problems };
}
