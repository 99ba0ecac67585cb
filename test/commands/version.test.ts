import { fileURLToPath } from "node:url";
import { Config } from "@oclif/core";
import { expect, it } from "vitest";
import { nettrace, spawned } from "./nettrace.ts";

it("is what oclif itself would print", async () => {
  const { userAgent } = await Config.load(fileURLToPath(new URL("../..", import.meta.url)));
  expect(spawned(["--version"])).toEqual({ status: 0, stdout: `${userAgent}\n`, stderr: "" });
  expect(await nettrace("--version", "explain")).toEqual({ status: 0, stdout: `${userAgent}\n`, stderr: "" });
});

it("is asked for by the first word only", async () => {
  expect((await nettrace("explain", "--version")).stderr).toBe("nettrace: there is no flag --version (see nettrace explain --help)\n");
});
