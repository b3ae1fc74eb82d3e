import { spawnSync } from "node:child_process";
import { Command, Option } from "commander";
import { describe, expect, test } from "vitest";
import { hasTool } from "../../debian-tool.fixture.ts";
import { runIn } from "../terminal.fixture.ts";
import { commandLine } from "../program.ts";
import { completionCommands } from "./completion-commands.ts";
import { completionScript } from "./completion-script.ts";

const shells = ["bash", "zsh", "fish"] as const;
const scriptOf = (shell: (typeof shells)[number]) => completionScript(shell, commandLine());

function run(shell: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(shell, args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** Words that bash suggests for the last of these words. */
function suggestions(...words: readonly string[]): string[] {
  const call = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tocsin; printf "%s\\n" "${COMPREPLY[@]}"';
  const args = ["--norc", "-uc", `${scriptOf("bash")}\n${call}`, "bash", ...words];
  return run("bash", args)
    .split("\n")
    .filter((word) => word !== "");
}

describe("in bash", () => {
  test.each<[string[], string[]]>([
    [["tocsin", "ta"], ["targets"]],
    [
      ["tocsin", "targets", ""],
      ["list", "show", "test", "--help"],
    ],
    [["tocsin", "targets", "test", "--k"], ["--key-only"]],
    [
      ["tocsin", "targets", "list", "--"],
      ["--url", "--token", "--ca", "--json", "--help"],
    ],
    [["tocsin", "alerts", "list", "--json", "--received", ""], ["none"]],
    [["tocsin", "alerts", "list", "--received", "=", "n"], ["none"]],
    [["tocsin", "alerts", "list", "--received", "="], ["none"]],
    [["tocsin", "send", "trigger", "--severity", "w"], ["warning"]],
    [["tocsin", "completion", "b"], ["bash"]],
    [["tocsin", "incidents", "list", "--url", "l"], []],
    [["tocsin", "incidents", "list", "--url", "list", "--st"], ["--state"]],
    [["tocsin", "incidents", "list", "--severity", "c"], ["critical"]],
    [["tocsin", "serve", "--config", ""], []],
    [["tocsin", "$(exit 9)", "*"], []],
    [["tocsin", "nothing", ""], expect.arrayContaining(["serve", "targets", "--version"])],
  ])("%j", (words, expected) => {
    expect(suggestions(...words)).toEqual(expected);
  });

  test("bash itself knows the command after the script was sourced", () => {
    expect(run("bash", ["--norc", "-uc", `${scriptOf("bash")}\ncomplete -p tocsin`])).toBe(
      "complete -F _tocsin tocsin\n",
    );
  });
});

describe.each(shells)("the script for %s", (shell) => {
  test("has every command and every option", () => {
    const script = scriptOf(shell);
    for (const { path, words, options } of completionCommands(commandLine())) {
      expect(script).toContain(path.join(" "));
      for (const { word } of words) expect(script).toContain(word);
      for (const { word } of options) expect(script).toContain(shell === "fish" ? `-l ${word.slice(2)}` : word);
    }
  });

  test("is what `tocsin completion` prints, and holds no value of the environment", async () => {
    const { code, stdout } = await runIn("/", ["completion", shell], {
      TOCSIN_TOKEN: "planted",
      TOCSIN_URL: "planted",
    });
    expect([code, stdout]).toEqual([0, scriptOf(shell)]);
    expect(stdout).not.toContain("planted");
  });

  test.runIf(hasTool(`/usr/bin/${shell}`, shell))("has no mistake of syntax", () => {
    expect(run(shell, ["-n", "-c", scriptOf(shell)])).toBe("");
  });
});

test("descriptions may hold every character that a shell reads as more than text", () => {
  const program = new Command("tocsin").addOption(new Option("--what <it>", 'it\'s `a` $(b) \\ : "c" [d]'));
  expect(completionScript("zsh", program)).toContain(`'--what:it'\\''s \`a\` $(b) \\\\ \\: "c" [d]'`);
  expect(completionScript("fish", program)).toContain(`-l what -x -d 'it\\'s \`a\` $(b) \\\\ : "c" [d]'`);
});

test("`tocsin completion` without a known shell is wrong usage", async () => {
  expect(await runIn("/", ["completion", "tcsh"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Allowed choices are bash, zsh, fish"),
  });
});
