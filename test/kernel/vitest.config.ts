import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/kernel/live.check.ts"],
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
    maxConcurrency: Number(process.env["KERNEL_JOBS"] ?? 2),
  },
});
