import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "./source-files.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, { readonly "timeout-minutes": number; readonly steps: readonly Step[] }>>;
}

const paths = globSync(".github/workflows/*.yml", { cwd: root }).toSorted();
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };

test("workflows are found", () => {
  expect(paths).toEqual([".github/workflows/ci.yml", ".github/workflows/release.yml"]);
});

describe.each(paths)("%s", (path) => {
  const text = readFileSync(join(root, path), "utf8");
  const { permissions, jobs } = parse(text) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test("pins actions by their major version, uses no secret, and may only read by default", () => {
    expect(steps.flatMap(({ uses = "a/b@v1" }) => (/^[\w-]+\/[\w-]+@v\d+$/.test(uses) ? [] : [uses]))).toEqual([]);
    expect(text).not.toMatch(/\bsecrets\b/);
    expect(Object.values(permissions).filter((right) => right !== "read")).toEqual([]);
    expect(Object.values(jobs).map((job) => job["timeout-minutes"])).toEqual(Object.values(jobs).map(() => 60));
  });

  test("runs what continuous integration runs, and only scripts and files of the repository that exist", () => {
    const commands = steps.map(({ run = "" }) => run).join("\n");
    expect(steps.map(({ run }) => run)).toContain(".ci/run");
    const used = Array.from(commands.matchAll(/npm run (?:-s )?([\w:]+)/g), ([, script = ""]) => script);
    expect(used.filter((script) => !(script in scripts))).toEqual([]);
    const files = Array.from(commands.matchAll(/(?:^|\s)((?:\.ci|deploy)\/[\w./-]+)/g), ([, file = ""]) => file);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect([file, existsSync(join(root, file))]).toEqual([file, true]);
      expect([file, statSync(join(root, file)).mode & 0o111]).toEqual([file, 0o111]);
    }
  });
});
