import { readFileSync, writeFileSync } from "node:fs";
import module, { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

/** The modules of a folder. */
export interface Modules {
  /** What a module exports, by its name within the folder. */
  load(name: string): unknown;
}

/**
 * What is added to the name of a module for the file in which V8's code of it is kept, behind two checksums: of the module and of the code. V8 itself looks at no more of
 * a module than its length, and takes damaged code for good.
 */
const CODE = ".code";
const CHECKSUMS = 8;

/** The file that tells which V8 made it, with which flags, for which processor. */
const MADE_BY = "code-made-by.txt";
const thisV8 = () => `${cachedDataVersionTag()}\n`;

/**
 * The modules of a folder, by its absolute path, in the way in which they are loaded fastest: with the code that is kept beside them, where V8 as it is now would
 * take it, and otherwise with what Node 22.8 and newer keep of earlier runs.
 */
export function modulesIn(folder: string): Modules {
  if (contents(join(folder, MADE_BY))?.toString() === thisV8()) return new CompiledModules(folder);
  // Older ones have none.
  (module as { enableCompileCache?(): void }).enableCompileCache?.();
  const require = createRequire(join(folder, sep));
  return { load: (name) => require(`./${name}`) };
}

interface Loaded {
  exports: unknown;
}

type Require = (name: string) => unknown;
type Body = (exports: unknown, require: Require, module: Loaded, filename: string, dirname: string) => void;

/**
 * The CommonJS modules of a folder, loaded with the code that V8 made of them when the program was built. V8 looks whether it made it itself, with the same flags
 * (src/snapshot/code-serializer.cc, SerializedCodeData::SanityCheck), and otherwise compiles them as always. Modules elsewhere are left to Node.
 */
export class CompiledModules implements Modules {
  readonly #folder: string;
  readonly #modules = new Map<string, Loaded>();
  readonly #scripts = new Map<string, Script>();

  constructor(folder: string) {
    this.#folder = join(folder, sep);
  }

  load(name: string): unknown {
    return this.#load(join(this.#folder, name));
  }

  /** How many modules are loaded, and of how many V8 took the code. */
  get taken(): { readonly modules: number; readonly taken: number } {
    const scripts = [...this.#scripts.values()];
    return { modules: scripts.length, taken: scripts.filter(({ cachedDataRejected }) => cachedDataRejected === false).length };
  }

  /** Keeps the code of all modules that are loaded, with that of the functions in them that have run. */
  keep(): void {
    for (const [path, script] of this.#scripts) {
      const code = script.createCachedData();
      writeFileSync(path + CODE, Buffer.concat([checksums(readFileSync(path), code), code]));
    }
    writeFileSync(join(this.#folder, MADE_BY), thisV8());
  }

  #load(path: string): unknown {
    const known = this.#modules.get(path);
    if (known) return known.exports;
    const loaded: Loaded = { exports: {} };
    this.#modules.set(path, loaded);
    try {
      this.#body(path).call(loaded.exports, loaded.exports, this.#requireFrom(path), loaded, path, dirname(path));
    } catch (thrown) {
      this.#modules.delete(path);
      throw thrown;
    }
    return loaded.exports;
  }

  #body(path: string): Body {
    const octets = readFileSync(path);
    // In the line in which the module begins, so that its lines keep their numbers.
    const source = `(function (exports, require, module, __filename, __dirname) {${octets.toString("utf8")}\n})`;
    const script = new Script(source, { filename: path, cachedData: codeOf(path, octets) });
    this.#scripts.set(path, script);
    return script.runInThisContext() as Body;
  }

  #requireFrom(path: string): Require {
    const native = createRequire(path);
    const require = (name: string): unknown => {
      const target = isAbsolute(name) ? name : name.startsWith(".") ? resolve(dirname(path), name) : "";
      return target.startsWith(this.#folder) ? this.#load(target) : native(name);
    };
    return Object.assign(require, native);
  }
}

function codeOf(path: string, octets: Uint8Array): Buffer | undefined {
  const kept = contents(path + CODE);
  if (!kept) return undefined;
  const code = kept.subarray(CHECKSUMS);
  return checksums(octets, code).equals(kept.subarray(0, CHECKSUMS)) ? code : undefined;
}

function checksums(octets: Uint8Array, code: Uint8Array): Buffer {
  const sums = Buffer.alloc(CHECKSUMS);
  sums.writeUInt32LE(crc32(octets), 0);
  sums.writeUInt32LE(crc32(code), 4);
  return sums;
}

function contents(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
