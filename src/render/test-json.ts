import type { Assertion } from "../explain/assertion.ts";
import { formatTime } from "../wire/time.ts";
import { traceObject } from "./ndjson.ts";
import type { TestReport } from "./test-report.ts";

/** The report as one JSON document; `packets` are the first of those that fared otherwise, as `explain` lists them. */
export function testReportJson({ files }: TestReport): string {
  const all = files.flatMap(({ assertions }) => assertions);
  const failed = all.filter(({ holds }) => !holds).length;
  const document = {
    summary: { assertions: all.length, failed },
    assertions: all.map(assertionObject),
    assumptions: [...new Map(files.flatMap((file) => [...file.assumptions])).values()],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function assertionObject({ name, spot, subject, holds, packets, failed, found, differences, traces }: Assertion): unknown {
  return {
    file: spot.file,
    line: spot.line,
    name,
    subject,
    holds,
    packets,
    failed,
    found,
    differences,
    traces: traces.map((trace) => traceObject(trace, formatTime(trace.frame.time, 6))),
  };
}
