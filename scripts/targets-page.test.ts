import { join } from "node:path";
import { targetTypes } from "@tocsin/publishers";
import { format } from "oxfmt";
import { expect, test } from "vitest";
import { targetsPage } from "./targets-page.ts";

test("docs/targets.md matches the schema", async () => {
  const { code } = await format("targets.md", targetsPage(targetTypes), { printWidth: 120 });
  await expect(code).toMatchFileSnapshot(join(import.meta.dirname, "../docs/targets.md"));
});
