/** What `npm run fuzz` was asked for, from the environment. */
export function settings() {
  const only = process.env["FUZZ_ONLY"]?.split(",");
  return {
    seed: Number(process.env["FUZZ_SEED"] ?? 1),
    seconds: Number(process.env["FUZZ_SECONDS"] ?? 60),
    wanted: (name: string) => only === undefined || only.includes(name),
    /** A file to read instead of drawn inputs. */
    input: process.env["FUZZ_INPUT"],
    /** Folder for the inputs that failed. */
    keep: process.env["FUZZ_KEEP"] ?? "fuzz-failures",
    /** File for the counts. */
    report: process.env["FUZZ_REPORT"],
  };
}
