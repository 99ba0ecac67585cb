import { describe, expect, it } from "vitest";
import { readIpsetLine } from "../../grammars/ipset.ts";

function shown(line: string) {
  const { value, faults } = readIpsetLine(line);
  return value
    ? [value.command, value.set.text, value.what.text, value.options.map(({ name, value }) => [name.text, value?.text])]
    : faults;
}

describe("a line of ipset save", () => {
  it.each([
    ["create web hash:ip", ["create", "web", "hash:ip", []]],
    [
      "create web hash:ip family inet counters comment timeout 0",
      [
        "create",
        "web",
        "hash:ip",
        [
          ["family", "inet"],
          ["counters", undefined],
          ["comment", undefined],
          ["timeout", "0"],
        ],
      ],
    ],
    [
      'add web 10.0.0.1,tcp:80 timeout 5 comment "a b (c)" nomatch skbmark 0x1/0xff',
      [
        "add",
        "web",
        "10.0.0.1,tcp:80",
        [
          ["timeout", "5"],
          ["comment", "a b (c)"],
          ["nomatch", undefined],
          ["skbmark", "0x1/0xff"],
        ],
      ],
    ],
    ["add add create", ["add", "add", "create", []]],
    ["add timeout comment timeout 3", ["add", "timeout", "comment", [["timeout", "3"]]]],
    [
      "create a hash:ip later 5 flag counters",
      [
        "create",
        "a",
        "hash:ip",
        [
          ["later", "5"],
          ["flag", undefined],
          ["counters", undefined],
        ],
      ],
    ],
    ['add a 10.0.0.1 comment ""', ["add", "a", "10.0.0.1", [["comment", ""]]]],
  ])("%s", (line, expected) => {
    expect(shown(line)).toEqual(expected);
  });

  it.each([
    ["flush web", { column: 1, span: 5, message: 'expected create or add, found "flush"' }],
    ["create", { column: 7, span: 1, message: "expected the name of a set after create, found the end of the line" }],
    ["create a hash:ip timeout", { column: 25, span: 1, message: "expected a value, found the end of the line" }],
    ['add a 10.0.0.1 comment "open end', { column: 24, span: 9, message: "expected a closing quote before the end of the line" }],
  ])("%s", (line, fault) => {
    expect(shown(line)).toEqual([fault]);
  });
});
