import { stat } from "node:fs/promises";
import { count } from "../explain/words.ts";
import { RowGroup } from "../render/parquet/columns.ts";
import { FLOW_COLUMNS, Flows } from "../render/parquet/flow-rows.ts";
import { eachStepRow, STEP_COLUMNS } from "../render/parquet/step-rows.ts";
import { UsageFailure } from "./failure.ts";
import type { Output } from "./output.ts";
import { ParquetFile } from "./parquet-file.ts";
import type { Sink } from "./sinks.ts";

const BATCH = 10_000;

/** Where the table of steps goes, beside that of flows: out.steps.parquet. */
export function stepsPath(path: string): string {
  return path.endsWith(".parquet") ? `${path.slice(0, -".parquet".length)}.steps.parquet` : `${path}.steps.parquet`;
}

/** Two tables as Parquet files, flows and steps, written while the replay runs. */
export async function parquetSink(path: string, inputs: readonly string[], output: Output): Promise<Sink> {
  await checkTarget(path, inputs);
  await checkTarget(stepsPath(path), inputs);
  const library = await import("hyparquet-writer");
  const flowFile = await ParquetFile.open(path, new RowGroup(FLOW_COLUMNS), library);
  const stepFile = await ParquetFile.open(stepsPath(path), new RowGroup(STEP_COLUMNS), library).catch(async (error) => {
    await flowFile.abandon();
    throw error;
  });
  const flows = new Flows();
  const flush = (): Promise<void> | undefined => {
    const due = [flowFile.flush(), stepFile.flush()].filter((one) => one !== undefined);
    return due.length > 0 ? Promise.all(due).then(() => undefined) : undefined;
  };
  return {
    take: (trace) => {
      for (const row of flows.add(trace)) flowFile.rows.add(row);
      if (trace.seenBefore === undefined) eachStepRow(trace, (row) => stepFile.rows.add(row));
      return flush();
    },
    aside: () => {},
    end: async () => {
      for (let rows = flows.rest(BATCH); rows.length > 0; rows = flows.rest(BATCH)) {
        for (const row of rows) flowFile.rows.add(row);
        await flush();
      }
      await stepFile.end();
      await flowFile.end();
      await output.write(`${path}: ${count(flowFile.written, "connection")}\n${stepsPath(path)}: ${count(stepFile.written, "step")}\n`);
    },
    abandon: async () => {
      await flowFile.abandon();
      await stepFile.abandon();
    },
  };
}

/** A folder cannot be written, and an input must not be: a mistyped name would cost the capture. */
async function checkTarget(path: string, inputs: readonly string[]): Promise<void> {
  const target = await stat(path).catch(() => undefined);
  if (!target) return;
  if (target.isDirectory()) throw new UsageFailure(`${path} cannot be written: this is a directory`);
  for (const input of inputs) {
    const other = await stat(input).catch(() => undefined);
    if (other && other.dev === target.dev && other.ino === target.ino) throw new UsageFailure(`${path} is an input: -o would overwrite it`);
  }
}
