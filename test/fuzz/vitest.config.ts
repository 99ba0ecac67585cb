import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/fuzz/fuzz.check.ts"], testTimeout: 100_000_000 } });
