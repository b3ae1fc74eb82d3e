import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the program under test. */
export const thisCheckout = fileURLToPath(new URL("../../", import.meta.url));

const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: thisCheckout, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

const succeeds = (...args: string[]): boolean => {
  try {
    git(...args);
    return true;
  } catch {
    return false;
  }
};
const has = (commit: string): boolean => succeeds("cat-file", "-e", `${commit}^{commit}`);
/** For a clone without the whole history. */
const fetchCommit = (commit: string): boolean => succeeds("fetch", "--quiet", "--depth=1", "origin", commit);

/** A commit of this repository in a folder of its own, with its own dependencies, as a user would install it. */
export interface Checkout extends Disposable {
  readonly dir: string;
}

/** @throws if this clone does not have the commit: fetch the whole history, or correct the name. */
export function checkOut(commit: string): Checkout {
  if (!has(commit)) fetchCommit(commit);
  if (!has(commit))
    throw new Error(
      `This clone does not have commit ${commit}. Fetch the whole history, or correct bench/baselines.json.`,
    );
  const dir = mkdtempSync(path.join(os.tmpdir(), "tocsin-baseline-"));
  execFileSync("sh", ["-c", `git archive ${commit} | tar -x -C "${dir}"`], { cwd: thisCheckout });
  execFileSync("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: dir, stdio: "ignore" });
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

/** The other changes of the last commit that moved `file`; empty for a file that was never committed. */
export function changedBeside(file: string): { readonly commit: string; readonly files: readonly string[] } {
  const commit = git("log", "-1", "--format=%H", "--", file);
  if (commit === "") return { commit: "", files: [] };
  const files = git("show", "--format=", "--name-only", commit).split("\n");
  return { commit, files: files.filter((one) => one !== file && one !== "") };
}

/** How often `file` was committed. */
export const commitsOf = (file: string): number =>
  git("log", "--format=%H", "--", file)
    .split("\n")
    .filter((line) => line !== "").length;
