import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Built, Plan, Probe, Ran, Refusal, Sending, Sent } from "./protocol.ts";

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Asks this machine's kernel: a process (lab.py) that builds network namespaces, sends packets into them and tells what happened. */
export class Lab {
  readonly #process: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #errors = "";
  #ended: Error | undefined;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.stderr?.on("data", (data) => {
      this.#errors = `${this.#errors}${data}`.slice(-4000);
    });
    process.on("error", (error) => this.#end(error.message));
    process.on("close", (code, signal) => this.#end(signal ?? `exit code ${code}`));
    process.stdin?.on("error", () => {});
    if (process.stdout) createInterface({ input: process.stdout }).on("line", (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
  }

  /** Starts a lab; whether the machine has what it needs is said by probe(). */
  static async start(): Promise<Lab> {
    const program = fileURLToPath(new URL("lab.py", import.meta.url));
    const process = spawn("python3", ["-B", program], { stdio: ["pipe", "pipe", "pipe"] });
    const lab = new Lab(process);
    await new Promise((resolve) => {
      process.once("spawn", resolve);
      process.once("error", resolve);
    });
    return lab;
  }

  /** The kernel and its packet filters, or what is missing. */
  async probe(): Promise<Probe> {
    return (await this.#ask({ op: "probe" })) as Probe;
  }

  /** Builds a case in place of the one before; a refusal is an answer, for it may be the question. */
  async build(plan: Plan): Promise<Built | Refusal> {
    return (await this.#ask({ op: "build", ...plan })) as Built | Refusal;
  }

  /** Sends one packet and waits until nothing moves any more. */
  async send(sending: Sending): Promise<Sent> {
    const answer = (await this.#ask({ op: "send", ...sending })) as Sent | Refusal;
    if (!("steps" in answer)) throw new Error(`lab: ${answer.error}`);
    return answer;
  }

  /** The connections of a namespace, as `conntrack -L -o extended` prints them. */
  async conntrack(netns: string): Promise<string> {
    return this.#said<{ text: string }>(await this.#ask({ op: "conntrack", netns })).text;
  }

  /** Runs a command within a namespace. */
  async run(netns: string, argv: readonly string[], stdin = ""): Promise<Ran> {
    return this.#said<Ran>(await this.#ask({ op: "run", netns, argv, stdin }));
  }

  /** Lets time pass, in order with the other requests. */
  async sleep(ms: number): Promise<void> {
    await this.#ask({ op: "sleep", ms });
  }

  /** Takes the case down. */
  async close(): Promise<void> {
    await this.#ask({ op: "close" });
  }

  /** Ends the process; everything that it made goes with it. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const closed = new Promise((resolve) => this.#process.once("close", resolve));
    this.#process.stdin?.end();
    await closed;
  }

  #ask(request: object): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  #said<T>(answer: unknown): T {
    const refusal = answer as Partial<Refusal>;
    if (refusal.error !== undefined) throw new Error(`lab: ${refusal.error}${refusal.stderr ? `: ${refusal.stderr}` : ""}`);
    return answer as T;
  }

  #end(how: string): void {
    this.#ended ??= new Error(`the lab has ended (${how})${this.#errors ? `: ${this.#errors.trim()}` : ""}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
