import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { version } from "./version.ts";

test("the User-Agent has the version of the package", () => {
  const url = new URL("../package.json", import.meta.url);
  expect((JSON.parse(readFileSync(url, "utf8")) as { version: string }).version).toBe(version);
});
