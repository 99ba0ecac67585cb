import { quote } from "../../grammars/words.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { lineProblem, significantLines } from "./lines.ts";

/**
 * Reads `sysctl -a` or sysctl.conf. Names have dots only: `net.ipv4.conf.eth0/10.rp_filter`, as sysctl writes a device
 * with a dot in its name, and `net/ipv4/conf/eth0.10/rp_filter` are both `net.ipv4.conf.eth0.10.rp_filter` here.
 */
export function parseSysctl(text: string, file: string): Parsed<Map<string, string>> {
  const sysctls = new Map<string, string>();
  const problems: Problem[] = [];
  for (const line of significantLines(text, file, problems)) {
    // `;` begins a comment in sysctl.conf; keys that cannot be read are told on the error stream, which may be in the file.
    if (/^\s*;/.test(line.text) || /^sysctl: /.test(line.text)) continue;
    const match = /^\s*-?([^\s=]+)\s*=(.*)$/.exec(line.text);
    if (match) sysctls.set((match[1] ?? "").replaceAll("/", "."), (match[2] ?? "").trim());
    else {
      const column = line.text.search(/\S/) + 1;
      const found = line.text.trim();
      problems.push(
        lineProblem(file, line, {
          message: `expected a setting (net.ipv4.ip_forward = 1), found ${quote(found)}`,
          column,
          span: found.length,
        }),
      );
    }
  }
  return { value: sysctls, problems };
}
