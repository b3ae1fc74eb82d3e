import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { commandLine } from "./program.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
const pages = globSync("{*,{docs,packages,apps,bench,deploy,examples}/**/*}.md", {
  cwd: root,
  exclude: ["**/node_modules/**"],
});

/** Returns the code of a page: its fenced blocks with continued lines joined, and what stands between backticks. */
function codeOf(text: string): string[] {
  const fence = /^ *```[^\n]*\n([\s\S]*?)^ *```/gm;
  const blocks = Array.from(text.matchAll(fence), ([, block = ""]) => block.replace(/ *\\\n */g, " ").split("\n"));
  const inline = Array.from(text.replace(fence, "").matchAll(/`([^`]+)`/g), ([, code = ""]) =>
    code.replace(/\s+/g, " "),
  );
  return [...blocks.flat(), ...inline];
}

/** Returns the words after `program` in a line of code: at its start, after a prompt, or inside another command. */
const wordsAfter = (program: string, line: string): string[][] =>
  Array.from(
    line.matchAll(new RegExp(`(?:^ *|\\$ |-- |[;&|] |exec \\S+ |npx )${program} ([a-z][^;&|#)]*)`, "g")),
    ([, words = ""]) => words.trim().split(/\s+/),
  );

const commandsIn = (text: string): string[][] =>
  codeOf(text).flatMap((line) =>
    ["tocsin", "npm start --", "\\./tocsin-\\S+\\.tgz"].flatMap((program) => wordsAfter(program, line)),
  );

/** Whether the command line has a command with all its options. The name of a group alone, such as `tocsin send`, counts too. */
function exists(words: readonly string[]): boolean {
  let command = commandLine();
  let depth = 0;
  for (const word of words) {
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) break;
    command = found;
    depth += 1;
  }
  const options = words.filter((word) => word.startsWith("--")).map((word) => word.replace(/=.*/, ""));
  return (
    depth > 0 &&
    (command.commands.length === 0 || depth === words.length) &&
    options.every((option) => option === "--help" || command.options.some(({ long }) => long === option))
  );
}

describe("commands in Markdown pages", () => {
  test.each(pages)("%s names commands and options that exist", (page) => {
    const text = readFileSync(join(root, page), "utf8");
    expect(commandsIn(text).filter((words) => !exists(words))).toEqual([]);
    const run = codeOf(text).flatMap((line) => wordsAfter("npm run(?: -s)?", line).map(([script = ""]) => script));
    expect(run.filter((script) => !(script in scripts))).toEqual([]);
  });

  test("are found in blocks and between backticks, and wrong ones are noticed", () => {
    const text =
      "`tocsin doctor --cure`\n\n```\n$ kubectl exec deploy/x -- tocsin targets lists\ntocsin stats \\\n  --csv # x\n```\n";
    expect(commandsIn(text).map((words) => [words.join(" "), exists(words)])).toEqual([
      ["targets lists", false],
      ["stats --csv", false],
      ["doctor --cure", false],
    ]);
    expect(pages.flatMap((page) => commandsIn(readFileSync(join(root, page), "utf8"))).length).toBeGreaterThan(100);
  });
});
