import { type FileHandle, open, rename, rm } from "node:fs/promises";
import type { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { Columns, RowGroup } from "../render/parquet/columns.ts";
import { unwritten } from "./unwritten.ts";

/** Rows that are written together. */
const GROUP = 50_000;

type Library = typeof import("hyparquet-writer");
type Schema = ConstructorParameters<typeof ParquetWriter>[0]["schema"];

const TYPES = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  number: { type: "INT32" },
  count: { type: "INT64" },
  time: { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" } },
  boolean: { type: "BOOLEAN" },
} as const;

/** A Parquet file that is written while its rows come in; it has its name only when it is whole. */
export class ParquetFile<C extends Columns> {
  readonly #path: string;
  readonly #draft: string;
  readonly #file: FileHandle;
  readonly #bytes: ByteWriter;
  readonly #writer: ParquetWriter;
  readonly rows: RowGroup<C>;
  /** Rows that are in the file. */
  written = 0;

  private constructor(path: string, draft: string, file: FileHandle, rows: RowGroup<C>, library: Library) {
    this.#path = path;
    this.#draft = draft;
    this.#file = file;
    this.rows = rows;
    this.#bytes = new library.ByteWriter();
    this.#writer = new library.ParquetWriter({ writer: this.#bytes, schema: schemaOf(rows.columns), createdBy: "nettrace" });
  }

  /** Opens a file beside the one that is to be; says so when it cannot be written. */
  static async open<C extends Columns>(path: string, rows: RowGroup<C>, library: Library): Promise<ParquetFile<C>> {
    const draft = `${path}.${process.pid}.part`;
    return new ParquetFile(path, draft, await open(draft, "wx").catch((error) => unwritten(path, error)), rows, library);
  }

  /** Writes the rows that have been gathered when there are enough of them. */
  flush(least = GROUP): Promise<void> | undefined {
    return this.rows.size >= least ? this.#write() : undefined;
  }

  async #write(): Promise<void> {
    const { size } = this.rows;
    const { columns } = this.rows;
    const columnData = this.rows.take().map((column) => ({ ...column, offsetIndex: false, statistics: columns[column.name] !== "text" }));
    if (size > 0) await this.#writer.write({ columnData, rowGroupSize: size });
    this.written += size;
    await this.#drain();
  }

  async #drain(): Promise<void> {
    const bytes = this.#bytes.getBytes();
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, written).catch((error) => unwritten(this.#path, error));
      written += bytesWritten;
    }
    this.#bytes.index = 0;
  }

  /** Writes what is left and gives the file its name. */
  async end(): Promise<void> {
    await this.#write();
    await this.#writer.finish();
    await this.#drain();
    await this.#file.close();
    await rename(this.#draft, this.#path).catch((error) => unwritten(this.#path, error));
  }

  /** Takes away what has been written. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#draft, { force: true });
  }
}

function schemaOf(columns: Columns): Schema {
  const leaves = Object.entries(columns).map(([name, kind]) => ({ name, repetition_type: "OPTIONAL" as const, ...TYPES[kind] }));
  return [{ name: "root", num_children: leaves.length }, ...leaves];
}
