import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FLOW_COLUMNS } from "../../src/render/parquet/flow-rows.ts";
import { STEP_COLUMNS } from "../../src/render/parquet/step-rows.ts";
import { incident, traffic } from "./incident.ts";
import { nettrace } from "./nettrace.ts";

const CLIENTS = 64;
const PAGE = readFileSync(fileURLToPath(new URL("../../docs/parquet.md", import.meta.url)), "utf8");
const QUERIES = [...PAGE.matchAll(/([^\n]+\?)\n\n```sql\n([\s\S]*?)```/g)].map(([, question = "", sql = ""]) => ({ question, sql }));

const files = incident(CLIENTS);
const out = join(files.folder, "out.parquet");
const explain = (...flags: string[]) => nettrace("explain", files.capture, ...files.machine, "--format", "parquet", ...flags);

let query: (sql: string) => Promise<Record<string, unknown>[]>;

beforeAll(async () => {
  const { status, stdout, stderr } = await explain("-o", out);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/out\.parquet: \d+ connections\n.*out\.steps\.parquet: [\d,]+ steps\n$/);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  query = async (sql) => {
    const reader = await connection.runAndReadAll(sql.replaceAll("'out.", `'${files.folder}/out.`));
    return reader.getRowObjectsJson();
  };
});

afterAll(() => files.remove());

/** The rows that the page's query for a question gives. */
function asked(question: RegExp): Promise<Record<string, unknown>[]> {
  const found = QUERIES.filter((one) => question.test(one.question));
  expect(found).toHaveLength(1);
  return query(found[0]?.sql ?? "");
}

describe("the page's queries", () => {
  it("are five", () => {
    expect(QUERIES).toHaveLength(5);
  });

  it("name the rule that dropped the most in each minute", async () => {
    const rows = await asked(/dropped the most/);
    expect(rows.map(({ minute, chain, rule, line, text }) => [minute, chain, rule, line, text])).toEqual([
      ["2023-11-14 22:14:00+00", "FORWARD", 1, 13, "-p udp --dport 161 -j DROP"],
      ["2023-11-14 22:15:00+00", "FORWARD", 6, 11, null],
      ["2023-11-14 22:16:00+00", "FORWARD", 6, 11, null],
    ]);
    expect(Number(rows[0]?.["packets"])).toBe(traffic(CLIENTS).filter(({ dport }) => dport === 161).length);
  });

  it("name who is turned away", async () => {
    const [first] = await asked(/turned away/);
    expect(first).toMatchObject({ src: "192.0.9.66", protocol: "udp", dport: 161, lost_at: "filter FORWARD 1" });
    expect(Number(first?.["connections"])).toBe(Number(first?.["lost"]));
  });

  it("find the connection that worked first", async () => {
    const rows = await asked(/worked at first/);
    expect(rows.map(({ src, dport, lost_since, lost_at, lost }) => [src, dport, lost_since, lost_at, lost])).toEqual([
      ["192.0.9.99", 514, "2023-11-14 22:15:00+00", "filter FORWARD 3", "2"],
    ]);
  });

  it("tell where NAT sends connections", async () => {
    const rows = await asked(/NAT send/);
    expect(rows.map(({ dport, dnat, connections, failing }) => [dport, dnat, Number(connections), Number(failing)])).toEqual([
      [8080, "10.1.0.20:80", 48, 0],
      [8081, "10.1.0.21:80", 16, 16],
    ]);
  });

  it("count what each rule sees", async () => {
    const rows = await asked(/rules see traffic/);
    const accepted = rows.find(({ chain, rule }) => chain === "FORWARD" && rule === 5);
    expect(accepted).toMatchObject({ table_name: "filter", line: 17, packets: String(64 + 48 + 2), connections: String(64 + 48 + 1) });
    expect(rows.map(({ chain, rule }) => `${chain} ${rule}`).sort()).toEqual([
      ...[1, 2, 3, 4, 5].map((rule) => `FORWARD ${rule}`),
      ...[1, 2].map((rule) => `PREROUTING ${rule}`),
    ]);
  });
});

describe("the tables", () => {
  it.each([
    ["out.parquet", FLOW_COLUMNS],
    ["out.steps.parquet", STEP_COLUMNS],
  ])("%s has the columns that the page lists", async (file, columns) => {
    const names = (await query(`SELECT column_name FROM (DESCRIBE FROM '${file}')`)).map((row) => row["column_name"]);
    expect(names).toEqual(Object.keys(columns));
    const section = PAGE.split(file === "out.parquet" ? "## Flows" : "## Steps")[1]?.split("\n## ")[0] ?? "";
    const listed = section.split("\n").flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map((match) => match[1]));
    expect(listed.sort()).toEqual(Object.keys(columns).sort());
  });

  it("have the steps that NDJSON has, and as many verdicts as packets", async () => {
    const { stdout } = await nettrace("explain", files.capture, ...files.machine, "--format", "ndjson");
    const packets = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { packet: number; verdict: string; flow: number; steps: { kind: string; rule?: number }[] });
    const expected = packets.flatMap(({ packet, flow, verdict, steps }) => [
      ...steps.map(({ kind, rule }) => [packet, flow, kind, rule ?? null, null]),
      [packet, flow, "verdict", undefined, verdict],
    ]);
    const rows = await query("SELECT packet, flow, kind, rule, verdict FROM 'out.steps.parquet' ORDER BY packet, step");
    expect(rows).toHaveLength(expected.length);
    const brief = rows.map(({ packet, flow, kind, rule, verdict }) => [packet, flow, kind, kind === "verdict" ? undefined : rule, verdict]);
    expect(brief).toEqual(expected);
    const [sums] = await query(
      "SELECT sum(packets)::INT AS packets, sum(delivered + forwarded + dropped + rejected + queued + unknown)::INT AS verdicts, sum(octets)::INT AS octets, count(*)::INT AS flows FROM 'out.parquet'",
    );
    const octets = traffic(CLIENTS).reduce((sum, { data = 20 }) => sum + 28 + data, 0);
    expect(sums).toEqual({ packets: packets.length, verdicts: packets.length, octets, flows: new Set(packets.map((p) => p.flow)).size });
  });

  it("hold what the filters let through", async () => {
    await explain("-o", join(files.folder, "out.some.parquet"), "--verdict", "rejected");
    expect(await query("SELECT DISTINCT dport, verdict FROM 'out.some.parquet'")).toEqual([{ dport: 123, verdict: "rejected" }]);
    await explain("-o", join(files.folder, "out.none.parquet"), "--address", "9.9.9.9");
    expect(await query("SELECT count(*)::INT AS n FROM 'out.none.steps.parquet'")).toEqual([{ n: 0 }]);
  });
});

describe("a file that cannot be written", () => {
  const refused = async (...flags: string[]) => {
    const { status, stdout, stderr } = await explain(...flags);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    return stderr;
  };

  it("is asked for", async () => {
    expect(await refused()).toContain("--format parquet needs a file to write: -o out.parquet");
  });

  it("is refused with the reason", async () => {
    expect(await refused("-o", join(files.folder, "missing", "x.parquet"))).toContain(
      "x.parquet cannot be written: there is no such folder",
    );
    mkdirSync(join(files.folder, "folder"));
    expect(await refused("-o", join(files.folder, "folder"))).toContain("folder cannot be written: this is a directory");
  });

  it.skipIf(process.getuid?.() === 0)("is refused without permission", async () => {
    mkdirSync(join(files.folder, "closed"));
    chmodSync(join(files.folder, "closed"), 0o500);
    expect(await refused("-o", join(files.folder, "closed", "x.parquet"))).toContain("x.parquet cannot be written: permission denied");
  });

  it("is refused when it is an input, whose octets stay", async () => {
    const copy = join(files.folder, "copy.parquet");
    copyFileSync(files.capture, copy);
    const { status, stderr } = await nettrace("explain", copy, ...files.machine, "--format", "parquet", "-o", copy);
    expect([status, stderr]).toEqual([2, expect.stringContaining("is an input: -o would overwrite it")]);
    expect(readFileSync(copy).equals(readFileSync(files.capture))).toBe(true);
  });

  it("leaves what was there, and nothing half-done, when the capture is none", async () => {
    const wrong = join(files.folder, "wrong.pcap");
    const old = join(files.folder, "old.parquet");
    writeFileSync(wrong, "this is no capture\n");
    writeFileSync(old, "old");
    const { status } = await nettrace("explain", wrong, ...files.machine, "--format", "parquet", "-o", old);
    expect(status).toBe(2);
    expect(readFileSync(old, "utf8")).toBe("old");
    expect(existsSync(join(files.folder, "old.steps.parquet"))).toBe(false);
    expect(readdirSync(files.folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("is not taken for another format", async () => {
    const { status, stderr } = await nettrace("explain", files.capture, ...files.machine, "--format", "json", "-o", out);
    expect([status, stderr]).toEqual([2, expect.stringContaining("-o is for --format parquet; --format json goes to standard output")]);
  });
});
