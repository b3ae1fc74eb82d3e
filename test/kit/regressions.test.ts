import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const textOf = (path: string): string => {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};

const lines = textOf("docs/regressions.md")
  .split("\n")
  .filter((line) => /^\| [MU]\d/.test(line));

describe("docs/regressions.md", () => {
  test("lists the mistakes in order, each once", () => {
    for (const [letter, least] of [
      ["M", 45],
      ["U", 50],
    ] as const) {
      const numbers = lines.flatMap((line) => (line.startsWith(`| ${letter}`) ? [Number(/\d+/.exec(line)?.[0])] : []));
      expect(numbers.length).toBeGreaterThan(least);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    }
  });

  test("names a test that exists, in each line", () => {
    const missing = lines.flatMap((line) => {
      const named = [...line.matchAll(/`([^`]+\.ts)`: "([^"]+)"/g)];
      if (named.length === 0) return [line];
      return named.flatMap(([, path = "", title = ""]) => (textOf(path).includes(title) ? [] : [`${path}: ${title}`]));
    });
    expect(missing).toEqual([]);
  });
});

describe("docs/threat-model.md", () => {
  test("names tests that exist", () => {
    const named = [...textOf("docs/threat-model.md").matchAll(/`([^`]+\.ts)`:\s+"([^"]+)"/g)];
    expect(named.length).toBeGreaterThan(15);
    const missing = named.filter(([, path = "", title = ""]) => !textOf(path).includes(title));
    expect(missing.map(([whole]) => whole)).toEqual([]);
  });
});

const invariants = textOf("docs/invariants.md");
const sections = invariants
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ name: section.split("\n")[0] ?? "", section }));

describe("docs/invariants.md", () => {
  test("has the ten invariants in order", () => {
    expect(sections.map(({ name }) => name.split(" ")[0])).toEqual(
      Array.from({ length: 10 }, (_, index) => `I${index + 1}`),
    );
  });

  test("states for each invariant a promise, the code that enforces it, a test and a mutation", () => {
    const missing = sections.flatMap(({ name, section }) =>
      ["Promise", "Enforced by", "Test", "Mutation"].flatMap((part) =>
        new RegExp(`^- \\*\\*${part}:\\*\\* \\S`, "m").test(section) ? [] : [`${name}: ${part}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  test("names tests that exist", () => {
    const tests = globSync("{packages,apps,test,scripts}/**/*.ts", {
      cwd: root,
      exclude: ["**/node_modules/**", "**/regressions.test.ts"],
    }).map((path) => readFileSync(new URL(path, root), "utf8"));
    const missing = sections.flatMap(({ name, section }) => {
      const titles = Array.from(
        (/^- \*\*Test:\*\* (.*)$/m.exec(section)?.[1] ?? "").matchAll(/"([^"]+)"/g),
        ([, title = ""]) => title,
      );
      if (titles.length === 0) return [name];
      return titles.filter((title) => !tests.some((text) => text.includes(title))).map((title) => `${name}: ${title}`);
    });
    expect(missing).toEqual([]);
  });

  test("names files that exist", () => {
    const names = globSync("{packages,apps}/*/src/**/*.ts", { cwd: root }).map((path) => path.split("/").at(-1));
    const missing = Array.from(invariants.matchAll(/`([\w-]+\.ts)`/g), ([, name = ""]) => name).filter(
      (name) => !names.includes(name),
    );
    expect(missing).toEqual([]);
  });
});
