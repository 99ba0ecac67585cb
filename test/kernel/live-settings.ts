/** What `npm run test:kernel` was asked for, from the environment. */
export function settings() {
  const backend = process.env["KERNEL_BACKEND"] === "nft" ? ("nft" as const) : ("legacy" as const);
  return {
    seed: Number(process.env["KERNEL_SEED"] ?? 1),
    cases: Number(process.env["KERNEL_CASES"] ?? 100),
    /** Of the linter, where it is that which is held against the kernel. */
    findings: Number(process.env["KERNEL_FINDINGS"] ?? 0),
    jobs: Number(process.env["KERNEL_JOBS"] ?? 2),
    backend,
    family: process.env["KERNEL_FAMILY"] === "6" ? (6 as const) : (4 as const),
    /** Folder for the recordings of what disagreed. */
    keep: process.env["KERNEL_KEEP"] ?? "kernel-disagreements",
  };
}
