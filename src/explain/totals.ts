import type { Collected } from "./collected.ts";
import type { RowLabel } from "./groups.ts";
import type { Ranked } from "./tallies.ts";

/** A line of a table of totals. */
export interface TotalRow extends RowLabel {
  readonly packets: number;
  readonly connections: number;
  /** Whether the number of connections is one to within some 2 %. */
  readonly about: boolean;
}

/** A table of totals, the largest rows first. */
export interface Total {
  readonly kind: "lost" | "undecided" | "translated";
  readonly title: string;
  /** What the columns of name and text hold; the second is empty where there is no text. */
  readonly heads: readonly [name: string, text: string];
  readonly rows: readonly TotalRow[];
  /** Rows that are not shown, and their packets. */
  readonly more: { readonly rows: number; readonly about: boolean; readonly packets: number; readonly noun: string };
  /** Packets that a row may lack, because there were too many rows to keep them all. */
  readonly slack: number;
}

const LOST = {
  rule: { title: "by rule", name: "", noun: "place" },
  src: { title: "by source", name: "source", noun: "source" },
  dst: { title: "by destination", name: "destination", noun: "destination" },
  service: { title: "by service", name: "service", noun: "service" },
} as const;

/** The tables of totals that have rows. */
export function totalsOf(collection: Collected, top: number): readonly Total[] {
  const { title, name, noun } = LOST[collection.grouping];
  const second = collection.grouping === "rule" ? "rule or reason" : "mostly by";
  const tables: readonly Total[] = [
    { kind: "lost", title: `Dropped and rejected, ${title}`, heads: [name, second], ...rowsOf(collection.lost, top, noun) },
    {
      kind: "undecided",
      title: "Undecided, by what they hang on",
      heads: ["", "not known"],
      ...rowsOf(collection.undecided, top, "open condition"),
    },
    {
      kind: "translated",
      title: "Where translations went",
      heads: ["", "by nat rule"],
      ...rowsOf(collection.translated, top, "translation"),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function rowsOf(tallies: Ranked<RowLabel>, top: number, noun: string): Pick<Total, "rows" | "more" | "slack"> {
  const ranking = tallies.ranking(top);
  const rows = ranking.top.map(({ label, packets, flows, most }) => ({
    ...label,
    ...(most !== undefined && { text: most }),
    packets,
    connections: flows.size,
    about: flows.about,
  }));
  const shown = rows.reduce((sum, row) => sum + row.packets, 0);
  const more = { rows: ranking.inAll - rows.length, about: ranking.about, packets: ranking.packets - shown, noun };
  return { rows, more, slack: ranking.slack };
}
