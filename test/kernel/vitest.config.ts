import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [process.env["KERNEL_FINDINGS"] ? "test/kernel/lint.check.ts" : "test/kernel/live.check.ts"],
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
    maxConcurrency: Number(process.env["KERNEL_JOBS"] ?? 2),
  },
});
