import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const textOf = (path: string): string => {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};

const lines = textOf("docs/regressions.md")
  .split("\n")
  .filter((line) => /^\| [MU]\d/.test(line));

describe("docs/regressions.md", () => {
  it("has its mistakes in order, each once", () => {
    for (const [letter, least] of [
      ["M", 45],
      ["U", 50],
    ] as const) {
      const numbers = lines.flatMap((line) => (line.startsWith(`| ${letter}`) ? [Number(/\d+/.exec(line)?.[0])] : []));
      expect(numbers.length).toBeGreaterThan(least);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    }
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
