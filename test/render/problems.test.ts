import { describe, expect, it } from "vitest";
import { problemsText } from "../../src/render/problems.ts";

describe("a problem of an input", () => {
  it("shows file, line and column, the line with a caret, and a suggestion", () => {
    const source = "-A INPUT -p tcp -m tcp --dport 80,443 -j ACCEPT";
    const hint = "for several ports use -m multiport --dports 80,443";
    const problem = { file: "rules.txt", line: 17, column: 32, span: 6, message: 'expected a port, found "80,443"', source, hint };
    expect(problemsText([problem], 100)).toBe(
      [
        'rules.txt:17:32: expected a port, found "80,443"',
        `  17 │ ${source}`,
        "     │                                ^^^^^^",
        `     ${hint}`,
      ].join("\n"),
    );
  });

  it("keeps the caret in sight on a long line", () => {
    const source = `${"x ".repeat(500)}HERE${" y".repeat(500)}`;
    const [, line = "", caret = ""] = problemsText([{ file: "f", line: 1, column: 1001, span: 4, message: "m", source }], 80).split("\n");
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("HERE");
  });

  it("does not let the input speak to the terminal", () => {
    const source = `a\tb${String.fromCharCode(27)}[31mc`;
    const [, line = "", caret = ""] = problemsText([{ file: "f", line: 1, column: 3, span: 1, message: "m", source }], 80).split("\n");
    expect(line).toBe("  1 │ a    b·[31mc");
    expect(line[caret.indexOf("^")]).toBe("b");
    const told = problemsText([{ file: "f", message: `found "${source}"`, hint: `did you mean ${source}?` }], 80);
    expect(told).toBe('f: found "a    b·[31mc"\n     did you mean a    b·[31mc?');
  });

  it("says the place in a binary file once", () => {
    expect(problemsText([{ file: "f", offset: 7, message: "this is binary data" }], 80)).toBe("f: this is binary data, at byte 7");
    expect(problemsText([{ file: "f", offset: 7, message: "breaks off, at octet 7" }], 80)).toBe("f: breaks off, at octet 7");
    expect(problemsText([{ file: "f", message: "there is no such file" }], 80)).toBe("f: there is no such file");
  });

  it("stops after many", () => {
    const problems = Array.from({ length: 60 }, (_, i) => ({ file: "f", line: i + 1, message: "m" }));
    const lines = problemsText(problems, 80).split("\n");
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe("… and 10 more problems in the same input");
  });
});
