import { isScalar, type Node } from "yaml";
import type { Parsed } from "../../model/problem.ts";
import type { CaptureTest, PacketTest, Said, TestFile } from "../../model/test-file.ts";
import { readExpectation } from "./expectation.ts";
import { readAssumed, readHostFiles } from "./host-files.ts";
import { readPacketFilter } from "./packet-filter.ts";
import { ENTRANCE_KEYS, PACKET_KEYS, readEntrance, readOnlyPacket, readSent } from "./sent-packet.ts";
import { readTime } from "./values.ts";
import { type Entries, quote, YamlReader } from "./yaml-reader.ts";

const FILE_KEYS = ["host", "assume", "tests"] as const;
const TEST_KEYS = ["name", "packet", "packets", "capture", ...ENTRANCE_KEYS, "time", "assume", "where", "expect"] as const;
const SUBJECTS = ["packet", "packets", "capture"] as const;
/** Keys that only one kind of test has. */
const ONLY: Readonly<Partial<Record<TestKey, "capture" | "packets">>> = { where: "capture", time: "packets", "out-of-socket": "packets" };

type TestKey = (typeof TEST_KEYS)[number];

/** Reads a test file: what the machine is, and what is to become of packets. */
export function parseTestFile(text: string, file: string): Parsed<TestFile> {
  const reader = new YamlReader(text, file);
  const empty: TestFile = { assume: [], tests: [] };
  if (reader.problems.length > 0) return { value: empty, problems: reader.problems };
  if (!reader.root) return { value: empty, problems: [{ file, line: 1, column: 1, message: "expected tests:, found an empty file" }] };
  const entries = reader.entries(reader.root, FILE_KEYS, "a test file");
  const list = entries?.get("tests");
  if (entries && !list && reader.problems.length === 0) reader.report(reader.root, "tests: is missing, the list of the tests");
  if (list && reader.members(list.value).length === 0) reader.report(list.key, "tests: holds no test");
  const host = entries?.get("host");
  const said = host && readHostFiles(reader, host.value);
  const names = new Set<string>();
  const value: TestFile = {
    ...(said && { host: said }),
    assume: readAssumed(reader, entries?.get("assume")?.value),
    tests: list ? reader.members(list.value).flatMap((node) => readTest(reader, node, names) ?? []) : [],
  };
  return { value, problems: reader.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)) };
}

function readTest(reader: YamlReader, node: Node, names: Set<string>): PacketTest | CaptureTest | undefined {
  const entries = reader.entries(node, TEST_KEYS, "a test");
  if (!entries) return undefined;
  const [subject, second] = SUBJECTS.filter((key) => entries.has(key));
  if (subject === undefined) return reader.report(node, `a test needs one of ${SUBJECTS.join(", ")}`);
  if (second !== undefined) return reader.report(entries.get(second)?.key ?? node, `a test has ${subject} or ${second}, not both`);
  const kind = subject === "capture" ? "capture" : "packets";
  for (const [key, { key: at }] of entries)
    if (ONLY[key] !== undefined && ONLY[key] !== kind)
      reader.report(at, `${key} is for tests of ${kind === "capture" ? "described packets" : "captures"}`);
  const assume = readAssumed(reader, entries.get("assume")?.value);
  const name = readName(reader, entries, node, names);
  return kind === "capture" ? readCapture(reader, node, entries, { name, assume }) : readPackets(reader, node, entries, { name, assume });
}

/** The name of a test: its own, which no other has, or what it is about. */
function readName(reader: YamlReader, entries: Entries<TestKey>, node: Node, names: Set<string>): Said<string> {
  const named = entries.get("name");
  const spot = reader.spot(named?.value ?? node);
  if (named) {
    const value = reader.text(named.value, "a name") ?? "";
    if (names.has(value)) reader.report(spot, `another test is called ${quote(value)} already`);
    names.add(value);
    return { value, spot };
  }
  const subject = SUBJECTS.map((key) => entries.get(key)).find((entry) => entry !== undefined);
  const [first] = subject ? reader.members(subject.value) : [];
  return { value: first && isScalar(first) ? String(first.value).trim() : `line ${spot.line}`, spot };
}

type Begun = Pick<PacketTest, "name" | "assume">;

function readCapture(reader: YamlReader, node: Node, entries: Entries<TestKey>, begun: Begun): CaptureTest | undefined {
  const captures = reader.members(entries.get("capture")?.value ?? node).flatMap((one) => {
    const value = reader.text(one, "a capture file");
    return value === undefined ? [] : [{ value, spot: reader.spot(one) }];
  });
  const expected = entries.get("expect");
  if (!expected) return reader.report(node, "expect is missing: what is to become of the packets");
  const expect = readExpectation(reader, expected.value, "capture");
  const where = entries.get("where");
  if (!expect) return undefined;
  return {
    kind: "capture",
    ...begun,
    ...readEntrance(reader, entries),
    captures,
    where: where ? readPacketFilter(reader, where.value) : {},
    expect: { value: expect, spot: reader.spot(expected.key) },
  };
}

function readPackets(reader: YamlReader, node: Node, entries: Entries<TestKey>, begun: Begun): PacketTest | undefined {
  const time = entries.get("time");
  const at = time && readTime(reader, time.value);
  const several = entries.get("packets");
  const test = { kind: "packets" as const, ...begun, ...(at !== undefined && { time: at }) };
  if (!several) {
    const packet = readOnlyPacket(reader, node, entries);
    if (packet && !packet.expect) reader.report(node, "expect is missing: what is to become of the packet");
    return packet && { ...test, packets: [packet] };
  }
  const misplaced = entries.get("expect");
  if (misplaced) reader.report(misplaced.key, "expect stands with each of the packets");
  const entrance = readEntrance(reader, entries);
  const packets = reader.members(several.value).flatMap((one, index) => {
    const map = isScalar(reader.resolve(one)) ? undefined : reader.entries(one, PACKET_KEYS, "a packet");
    if (map === undefined && !isScalar(reader.resolve(one))) return [];
    return readSent(reader, one, map, entrance, index === 0) ?? [];
  });
  if (packets.length > 0 && !packets.some(({ expect }) => expect))
    reader.report(several.key, "expect is missing: none of the packets has any");
  return { ...test, packets };
}
