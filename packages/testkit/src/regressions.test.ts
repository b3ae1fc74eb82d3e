import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};

const lines = textOf("docs/regressions.md")
  .split("\n")
  .filter((line) => line.startsWith("| M"));

describe("docs/regressions.md", () => {
  it("has its mistakes in order, each once", () => {
    const numbers = lines.map((line) => Number(/^\| M(\d+)/.exec(line)?.[1]));
    expect(numbers.length).toBeGreaterThan(45);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  });

  it("names a test that exists, in each line", () => {
    const missing = lines.flatMap((line) => {
      const named = [...line.matchAll(/`([^`]+\.ts)`: "([^"]+)"/g)];
      if (named.length === 0) return [line];
      return named.flatMap(([, path = "", title = ""]) => (textOf(path).includes(title) ? [] : [`${path}: ${title}`]));
    });
    expect(missing).toEqual([]);
  });
});
