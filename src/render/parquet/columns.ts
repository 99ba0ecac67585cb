/** What a column holds. Times are nanoseconds since the epoch; "count" is a number of 64 bits. */
export type ColumnKind = "text" | "number" | "count" | "time" | "boolean";

/** The columns of a table by their names; any value may be absent. */
export type Columns = Readonly<Record<string, ColumnKind>>;

/** A value of a row; undefined where there is none. */
export type Value = string | number | bigint | boolean | undefined;

/** A row of a table, with a value for each of its columns. */
export type Row<C extends Columns> = { readonly [Name in keyof C]: Value };

/** A row that is filled again and again, since a new object for each of millions of rows keeps the garbage collector busy. */
export type Draft<C extends Columns> = { -readonly [Name in keyof C]: Value };

/** A row without any value. */
export function emptyRow<C extends Columns>(columns: C): Draft<C> {
  return Object.fromEntries(Object.keys(columns).map((name) => [name, undefined])) as Draft<C>;
}

/** Rows of a table gathered by column, as they are written. */
export class RowGroup<C extends Columns> {
  readonly columns: C;
  readonly #names: readonly (keyof C & string)[];
  #values: Value[][];

  constructor(columns: C) {
    this.columns = columns;
    this.#names = Object.keys(columns);
    this.#values = this.#names.map(() => []);
  }

  /** Number of rows. */
  get size(): number {
    return this.#values[0]?.length ?? 0;
  }

  /** Takes a row. */
  add(row: Row<C>): void {
    for (let i = 0; i < this.#names.length; i++) this.#values[i]?.push(row[this.#names[i] as keyof C]);
  }

  /** The values of each column, which begins anew. */
  take(): readonly { readonly name: string; readonly data: Value[] }[] {
    const taken = this.#names.map((name, i) => ({ name, data: this.#values[i] ?? [] }));
    this.#values = this.#names.map(() => []);
    return taken;
  }
}
