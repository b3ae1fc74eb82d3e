import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const exec = promisify(execFile);
const run = (command: string, args: string[], cwd: string) => exec(command, args, { cwd, maxBuffer: 2 ** 26 });

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
}
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
const published = readdirSync(join(root, "packages")).filter((name) => manifestOf(name).private !== true);
/** As much of what `npm pack --json` prints as we read. */
interface Packed {
  readonly files: readonly { readonly path: string }[];
}

/** Every door of a package: `@tocsin/core`, `@tocsin/core/decisions`. */
const doorsOf = (name: string): string[] =>
  Object.keys(manifestOf(name).exports)
    .filter((door) => door !== "./package.json")
    .map((door) => manifestOf(name).name + door.slice(1));

let folder: string;
let clone: string;

/** A fresh clone with its dependencies: the files that git knows, as they are in the working tree, and nothing built. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-packages-"));
  clone = join(folder, "clone");
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], root);
  for (const file of stdout.split("\0")) {
    if (file === "") continue;
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(root, file), join(clone, file));
  }
  mkdirSync(join(clone, "node_modules/@tocsin"), { recursive: true });
  const ours = "@tocsin";
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== ours && !name.startsWith(".cache"))
      symlinkSync(join(root, "node_modules", name), join(clone, "node_modules", name));
  for (const name of readdirSync(join(root, "packages")))
    symlinkSync(join(clone, "packages", name), join(clone, "node_modules", ours, name));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(published)(
  "%s is packed from a fresh clone, built and without tests",
  async (name) => {
    const { stdout } = await run(
      "npm",
      ["pack", "--json", "--pack-destination", folder],
      join(clone, "packages", name),
    );
    const packed = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>);
    const paths = packed.flatMap(({ files }) => files.map(({ path }) => path));
    expect(paths).toEqual(expect.arrayContaining(["package.json", "dist/index.js", "dist/index.d.ts"]));
    expect(paths.filter((path) => /\.(test|fixture)\.|tsbuildinfo/.test(path))).toEqual([]);
  },
  120_000,
);

test("each tarball installs in an empty project, and every door of it opens", async () => {
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  expect(tarballs).toHaveLength(published.length);
  const paths = tarballs.map((name) => join(folder, name));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...paths], project);
  const doors = published.flatMap(doorsOf);
  const script = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length > 0);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], project);
  expect(stdout.trim().split("\n")).toEqual(doors.map((door) => `${door} true`));
}, 120_000);

test("the build succeeds on a fresh clone", async () => {
  for (const name of published) rmSync(join(clone, "packages", name, "dist"), { recursive: true, force: true });
  await run("npm", ["run", "build"], clone);
  expect(readdirSync(join(clone, "packages/core/dist"))).toContain("index.js");
}, 120_000);
