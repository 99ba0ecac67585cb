import { describe, expect, it } from "vitest";
import type { PacketTest } from "../../src/model/test-file.ts";
import { parseTestFile } from "../../src/parse/test-file/test-file.ts";

const HEAD = "host: { rules: r }\ntests:\n";
const TEST = "  - packet: tcp 10.0.0.1:1 10.0.0.2:2\n    interface: a\n    expect: forwarded\n";

/** Problems as "line:column message", with hints in brackets. */
function complaints(text: string): readonly string[] {
  const { problems } = parseTestFile(text, "t.yaml");
  expect(problems.every(({ file }) => file === "t.yaml")).toBe(true);
  return problems.map(({ line, column, message, hint }) => `${line}:${column} ${message}${hint === undefined ? "" : ` [${hint}]`}`);
}

function only(text: string): PacketTest {
  const { value, problems } = parseTestFile(HEAD + text, "t.yaml");
  expect(problems).toEqual([]);
  const [test] = value.tests;
  if (test?.kind !== "packets") throw new Error("expected a test of described packets");
  return test;
}

const expectation = (text: string) =>
  only(`  - packet: tcp 10.0.0.1:1 10.0.0.2:2\n    interface: a\n    expect: ${text}\n`).packets[0]?.expect?.value;

describe("a test file", () => {
  it("says what the host is, by path or paths", () => {
    const { value } = parseTestFile(
      `host: { rules: a, rules6: b, routes: c, links: [d, e], netns: web }\nassume: { owner.uid: 1000 }\ntests:\n${TEST}`,
      "t",
    );
    expect(value.host?.value).toEqual({ rules: "a", rules6: "b", routes: ["c"], links: ["d", "e"], netns: "web" });
    expect(value.assume.map((said) => said.value)).toEqual(["owner.uid=1000"]);
  });

  it("names a test by its packet where it has no name", () => {
    expect(only(TEST).name).toEqual({
      value: "tcp 10.0.0.1:1 10.0.0.2:2",
      spot: { file: "t.yaml", line: 3, column: 5, span: 33, source: "  - packet: tcp 10.0.0.1:1 10.0.0.2:2" },
    });
    expect(only(TEST.replace("packet:", "name: x\n    packet:")).name.value).toBe("x");
  });

  it("reads the words of a packet as the command line has them, and TCP flags and ICMP type without their flag", () => {
    const words = (text: string) => only(`  - packet: ${text}\n    out-of-socket: true\n    expect: unknown\n`).packets[0];
    expect(words("tcp a b SYN,ACK --ttl 3 --tos=0x10")?.words.value).toEqual({
      protocol: "tcp",
      src: "a",
      dst: "b",
      flags: "SYN,ACK",
      ttl: 3,
      tos: 16,
    });
    expect(words("icmp a b echo-reply --code 0")?.words.value).toMatchObject({ type: "echo-reply", code: 0 });
    expect(words('"tcp [2001:db8::1]:1 [2001:db8::2]:80 --mark 0x7"')).toMatchObject({ mark: 7, isFromSocket: true });
  });

  it("lets the packets of a sequence enter where the test says, unless they say otherwise", () => {
    const { packets } = only(
      [
        "  - interface: a",
        "    netns: x",
        "    packets:",
        "      - tcp 10.0.0.1:1 10.0.0.2:2",
        "      - { packet: reply, after: 1.5s, expect: { state: ESTABLISHED } }",
        "      - { packet: tcp 10.0.0.1:1 10.0.0.2:2 ACK, interface: b, name: data }",
        "      - { packet: tcp 10.0.0.1:1 10.0.0.2:2 ACK, out-of-socket: true }",
      ].join("\n"),
    );
    expect(packets.map((packet) => [packet.netns?.value, packet.interface?.value, packet.isFromSocket])).toEqual([
      ["x", "a", false],
      ["x", "a", false],
      ["x", "b", false],
      ["x", undefined, true],
    ]);
    expect(packets[1]).toMatchObject({ words: { value: "reply" }, after: 1_500_000_000n, expect: { value: { state: "ESTABLISHED" } } });
    expect(packets[2]?.name).toBe("data");
  });

  it("takes aliases, and quotes where YAML needs them", () => {
    const { value, problems } = parseTestFile(
      `${HEAD}  - packet: tcp 10.0.0.1:1 10.0.0.2:2\n    interface: a\n    expect: &gone { verdict: dropped }\n  - packet: tcp 10.0.0.1:1 10.0.0.2:3\n    interface: a\n    expect: *gone\n`,
      "t",
    );
    expect(problems).toEqual([]);
    const expected = value.tests.map((test) => (test.kind === "packets" ? test.packets[0]?.expect?.value : undefined));
    expect(expected).toEqual([{ verdict: ["dropped"] }, { verdict: ["dropped"] }]);
    expect(expectation('{ dnat: "[2001:db8::2]:443", snat: none }')).toEqual({
      dnat: { address: 0x20010db8000000000000000000000002n, port: 443 },
      snat: "none",
    });
  });

  it.each([
    ["dropped", { verdict: ["dropped"] }],
    ["[dropped, rejected]", { verdict: ["dropped", "rejected"] }],
    ["{ dnat: 10.0.0.3:80, out: a }", { dnat: { address: 0x0a000003, port: 80 }, out: ["a"] }],
    ["{ out: none, netns: web, reason: no-route }", { out: "none", netns: "web", reason: "no-route" }],
    ["{ rule: 20 }", { rule: { text: "20", by: { kind: "line", line: 20 } } }],
    [
      "{ rule: filter FORWARD policy }",
      { rule: { text: "filter FORWARD policy", by: { kind: "policy", table: "filter", chain: "FORWARD" } } },
    ],
    [
      "{ rule: nat DOCKER 3 in netns web }",
      { rule: { text: "nat DOCKER 3 in netns web", netns: "web", by: { kind: "number", table: "nat", chain: "DOCKER", rule: 3 } } },
    ],
    [
      "{ matches: [comment at night, -A INPUT -j DROP] }",
      {
        matches: [
          { text: "comment at night", by: { kind: "comment", comment: "at night" } },
          { text: "-A INPUT -j DROP", by: { kind: "rule", text: "-A INPUT -j DROP" } },
        ],
      },
    ],
  ])("reads what is expected: %s", (text, expected) => {
    expect(expectation(text)).toEqual(expected);
  });

  it("reads which packets of a capture are meant", () => {
    const { value, problems } = parseTestFile(
      `${HEAD}  - capture: [a.pcap@host:eth0, b.pcap]\n    where: { src: 10.0.0.0/8, dport: [80, 443], protocol: tcp, flow: 1 }\n    expect: { verdict: forwarded, count: 3 }\n`,
      "t",
    );
    expect(problems).toEqual([]);
    expect(value.tests[0]).toMatchObject({
      kind: "capture",
      name: { value: "a.pcap@host:eth0" },
      where: { src: [{ address: 0x0a000000, length: 8 }], dport: [80, 443], protocol: [6], flow: [1] },
      expect: { value: { verdict: ["forwarded"], count: 3 } },
    });
  });
});

describe("a wrong test file", () => {
  it.each([
    ["", ["1:1 expected tests:, found an empty file"]],
    ["host: { rules: a }\n", ["1:1 tests: is missing, the list of the tests"]],
    ["tests: []\n", ["1:1 tests: holds no test"]],
    ["tests: x\n", [expect.stringContaining("1:8 expected a test, a mapping with the keys name, packet")]],
    [
      `host: { rulez: a }\ntests:\n${TEST}`,
      ['1:9 expected one of snapshot, rules, rules6, routes, links, netns; found "rulez" [did you mean rules?]'],
    ],
    [`host: { snapshot: a, rules: b }\ntests:\n${TEST}`, ["1:9 snapshot and rules contradict each other: a snapshot is the whole machine"]],
    [`${HEAD}${TEST}    nterface: b\n`, [expect.stringMatching(/^6:5 expected one of .*found "nterface" \[did you mean interface\?\]$/)]],
    [
      `${HEAD}${TEST.replace("forwarded", "droped")}`,
      [expect.stringMatching(/^5:13 expected a verdict .*found "droped" \[did you mean dropped\?\]$/)],
    ],
    [
      `${HEAD}${TEST.replace("forwarded", "{ rule: fliter INPUT 3 }")}`,
      [expect.stringMatching(/^5:21 expected a table .* \[did you mean filter\?\]$/)],
    ],
    [`${HEAD}${TEST.replace("forwarded", "{ rule: INPUT }")}`, [expect.stringMatching(/^5:21 expected a rule: TABLE CHAIN NUMBER/)]],
    [
      `${HEAD}${TEST.replace("forwarded", "{ dnat: [::1] }")}`,
      [expect.stringMatching(/^5:21 .*found a list \[a text that begins with \[ or \{ needs quotes\]$/)],
    ],
    [`${HEAD}${TEST.replace("forwarded", "{ out: }")}`, ["5:15 nothing stands after out:"]],
    [`${HEAD}${TEST.replace("forwarded", "{ count: 1 }")}`, [expect.stringMatching(/^5:15 expected one of verdict, .*found "count"/)]],
    [
      `${HEAD}${TEST.replace("10.0.0.2:2", "10.0.0.2:2 --tll 3")}`,
      [expect.stringMatching(/^3:39 .*found "--tll" \[did you mean --ttl\?\]$/)],
    ],
    [`${HEAD}${TEST.replace("10.0.0.2:2", "10.0.0.2:2 --ttl 300")}`, ['3:45 expected a number from 0 to 255 after --ttl, found "300"']],
    [
      `${HEAD}${TEST.replace("10.0.0.2:2", "10.0.0.2:2 --in eth0")}`,
      [expect.stringMatching(/\[interface: says on which device it comes in\]$/)],
    ],
    [`${HEAD}${TEST.replace("10.0.0.2:2", "10.0.0.2:2 --mark 1")}`, [expect.stringContaining("3:13 --mark needs out-of-socket: true")]],
    [`${HEAD}${TEST.replace("tcp 10.0.0.1:1 10.0.0.2:2", "tcp")}`, [expect.stringContaining("3:13 expected PROTOCOL SOURCE DESTINATION")]],
    [`${HEAD}${TEST.replace("    expect: forwarded\n", "")}`, ["3:5 expect is missing: what is to become of the packet"]],
    [`${HEAD}  - name: x\n    expect: dropped\n`, ["3:5 a test needs one of packet, packets, capture"]],
    [`${HEAD}${TEST}    capture: x\n`, ["6:5 a test has packet or capture, not both"]],
    [`${HEAD}${TEST}    where: { src: 10.0.0.1 }\n`, ["6:5 where is for tests of captures"]],
    [`${HEAD}${TEST}    time: noon\n`, [expect.stringContaining("6:11 expected a time like 2026-11-20T12:00:00Z")]],
    [`${HEAD}${TEST}    out-of-socket: true\n`, ["6:5 interface and out-of-socket contradict each other: give one of them"]],
    [`${HEAD}  - capture: x\n`, ["3:5 expect is missing: what is to become of the packets"]],
    [
      `${HEAD}  - capture: x\n    where: { src: 10.0.0.0/33 }\n    expect: dropped\n`,
      ['4:19 expected an address or a prefix like 10.0.0.0/8, found "10.0.0.0/33"'],
    ],
    [`${HEAD}  - packets: [reply]\n    interface: a\n`, [expect.stringContaining("3:15 there is no packet before this one")]],
    [`${HEAD}  - packets: [tcp 1 2]\n    interface: a\n`, ["3:5 expect is missing: none of the packets has any"]],
    [`${HEAD}${TEST}    name: x\n${TEST}    name: x\n`, ['10:11 another test is called "x" already']],
  ])("%j", (text, expected) => {
    expect(complaints(text)).toEqual(expected);
  });

  it("shows where YAML itself is broken", () => {
    expect(complaints('tests:\n  - packet: "tcp\n')).toEqual(['3:1 this is not valid YAML: Missing closing "quote']);
    expect(complaints("a: 1\na: 2\n")).toEqual(["2:1 this is not valid YAML: Map keys must be unique"]);
    expect(complaints("a: *b\n")[0]).toMatch(/^1:1 expected one of host/);
    expect(complaints(`${HEAD}  - *b\n`)[0]).toBe("3:5 there is no anchor &b before this");
    expect(complaints(`${TEST}---\nx\n`).join()).toMatch(/second|document/);
  });

  it("gives up on what is nested deeply or very long", () => {
    expect(complaints("[".repeat(20_000))).toEqual([
      expect.stringMatching(/^1:\d+ this is nested more deeply than anything in a test file$/),
    ]);
    expect(complaints("- ".repeat(20_000))).toEqual([expect.stringMatching(/nested more deeply/)]);
    expect(complaints("a".repeat(2_000_000))).toEqual(["1:1 a test file has at most 1,048,576 characters"]);
  });
});
