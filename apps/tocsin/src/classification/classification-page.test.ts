import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { verdictLimits } from "@tocsin/core/decisions";
import { readConfig } from "../config/config.ts";

const page = readFileSync(new URL("../../../../docs/classification.md", import.meta.url), "utf8");
const examples = Array.from(page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, text = ""]) => text);

test("every configuration in docs/classification.md is valid and enables classification", () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  const providers = examples.map((text) => {
    // Files of secrets do not exist here.
    const config = parse(text.replace(/\{ file: [^}]+\}/, "{ env: ANTHROPIC_API_KEY }")) as unknown;
    return readConfig(config, { dir: ".", env: { ANTHROPIC_API_KEY: "sk-ant-of-a-test-0123456789" } }).classification
      ?.provider;
  });
  expect(providers).toEqual(["llm", "llm", "llm", "llm", "rules"]);
});

test("docs/classification.md explains every limit of a verdict", () => {
  const explained = Array.from(page.matchAll(/^\| `(\w+)` +\| /gm), ([, limit = ""]) => limit);
  for (const limit of verdictLimits) expect(explained).toContain(limit);
});
