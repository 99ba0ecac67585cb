import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CompiledModules, modulesIn } from "../../src/commands/compiled.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SAMPLE = join(ROOT, "samples/published-port-from-outside");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-compiled-"));
  write("a.cjs", 'const b = require("./b.cjs"); const { sep } = require("node:path"); exports.says = () => "a and " + b.says() + sep;');
  write("b.cjs", 'exports.says = () => "b";');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function load(modules: { load(name: string): unknown }, name: string): { says(): string } {
  return modules.load(name) as { says(): string };
}

function kept(): void {
  const modules = new CompiledModules(folder);
  load(modules, "a.cjs").says();
  modules.keep();
}

describe("modules with the code that V8 made of them", () => {
  it("are loaded without it, too, and once", () => {
    const modules = new CompiledModules(folder);
    expect(load(modules, "a.cjs").says()).toBe("a and b/");
    expect(modules.load("a.cjs")).toBe(modules.load("a.cjs"));
    expect(modules.taken).toEqual({ modules: 2, taken: 0 });
  });

  it("are loaded with it once it is kept", () => {
    kept();
    const modules = new CompiledModules(folder);
    expect(load(modules, "a.cjs").says()).toBe("a and b/");
    expect(modules.taken).toEqual({ modules: 2, taken: 2 });
  });

  it("are compiled where it is damaged or cut short", () => {
    kept();
    const path = join(folder, "a.cjs.code");
    const whole = readFileSync(path);
    for (const [place, octet] of whole.entries()) {
      if (place % 97 !== 0 && place > 16) continue;
      const damaged = Buffer.from(whole);
      damaged[place] = octet ^ 0x10;
      writeFileSync(path, damaged);
      const modules = new CompiledModules(folder);
      expect(load(modules, "a.cjs").says()).toBe("a and b/");
      expect(modules.taken, `octet ${place}`).toEqual({ modules: 2, taken: 1 });
    }
    for (const length of [0, 7, 8, 100]) {
      writeFileSync(path, whole.subarray(0, length));
      const modules = new CompiledModules(folder);
      expect(load(modules, "a.cjs").says()).toBe("a and b/");
      expect(modules.taken, `${length} octets`).toEqual({ modules: 2, taken: 1 });
    }
  });

  it("are compiled where they have changed, even at the same length", () => {
    kept();
    write("b.cjs", 'exports.says = () => "B";');
    const modules = new CompiledModules(folder);
    expect(load(modules, "a.cjs").says()).toBe("a and B/");
    expect(modules.taken).toEqual({ modules: 2, taken: 1 });
  });

  it("may need each other", () => {
    write("b.cjs", 'const a = require("./a.cjs"); exports.says = () => "b of " + typeof a.says;');
    expect(load(new CompiledModules(folder), "a.cjs").says()).toBe("a and b of function/");
  });

  it("tell of errors in their own lines, and are tried again", () => {
    write("b.cjs", '\nthrow new Error("not yet");');
    const modules = new CompiledModules(folder);
    const stack = (() => {
      try {
        return String(modules.load("a.cjs"));
      } catch (error) {
        return (error as Error).stack;
      }
    })();
    expect(stack).toContain("b.cjs:2:7");
    write("b.cjs", 'exports.says = () => "b";');
    expect(load(modules, "a.cjs").says()).toBe("a and b/");
  });

  it("are left to Node where another V8 made it", () => {
    kept();
    expect(modulesIn(folder)).toBeInstanceOf(CompiledModules);
    write("code-made-by.txt", "1\n");
    expect(modulesIn(folder)).not.toBeInstanceOf(CompiledModules);
    expect(load(modulesIn(folder), "a.cjs").says()).toBe("a and b/");
  });
});

describe("the built program", () => {
  // What V8 says of each script as it is made.
  const WATCH = `
    const vm = require("node:vm");
    vm.Script = class extends vm.Script {
      constructor(source, options) {
        super(source, options);
        process.stderr.write("rejected: " + this.cachedDataRejected + "\\n");
      }
    };`;

  it("is loaded with the code that was kept of it", () => {
    write("watch.cjs", WATCH);
    const words = ["--require", join(folder, "watch.cjs"), join(ROOT, "bin/run.js"), "explain", join(SAMPLE, "capture.pcap")];
    const { stdout, stderr } = spawnSync(process.execPath, [...words, "--snapshot", join(SAMPLE, "snapshot")], { encoding: "utf8" });
    expect(stdout).toContain("DNAT to 172.17.0.2:80");
    const scripts = stderr.split("\n").filter((line) => line.startsWith("rejected: "));
    expect(scripts.length).toBeGreaterThan(20);
    expect(new Set(scripts)).toEqual(new Set(["rejected: false"]));
  });

  it("leaves out of packages what each start would pay for, and imports that its modules may not do", () => {
    const parts = readdirSync(join(ROOT, "dist/parts")).filter((name) => name.endsWith(".cjs"));
    const text = parts.map((name) => readFileSync(join(ROOT, "dist/parts", name), "utf8")).join("");
    const packages = ["@oclif/core/lib/module-loader.js", "string-width/index.js", "wrap-ansi/node_modules/string-width/index.js"];
    const before = packages.map((name) => readFileSync(join(ROOT, "node_modules", name), "utf8")).join("");
    for (const unwanted of [/await import\(\(0, node_url_1/, /const segmenter\S* = new Intl\.Segmenter/, /\/\^\\p\{RGI_Emoji\}\$\/v;/]) {
      // Where a package says it in another way, bin/late.js has to know.
      expect([unwanted.test(before), unwanted.test(text)], String(unwanted)).toEqual([true, false]);
    }
  });

  it("loads oclif's plugins, which are ES modules", () => {
    const env = { ...process.env, HOME: folder, XDG_CACHE_HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
    const words = [join(ROOT, "bin/run.js"), "autocomplete", "script", "bash"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("NETTRACE_AC_BASH_SETUP_PATH");
  });
});
