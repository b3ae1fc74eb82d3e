import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { builtFromSources } from "./built-from-sources.ts";

const root = join(import.meta.dirname, "../../../..");
const checkout = mkdtempSync(join(tmpdir(), "tocsin-checkout-"));
afterAll(() => rmSync(checkout, { recursive: true }));

const page = join(checkout, "apps/console");
const cache = join(checkout, "node_modules/.cache/tocsin-console");
mkdirSync(join(page, "src"), { recursive: true });
mkdirSync(join(checkout, "node_modules"));
cpSync(join(root, "scripts"), join(checkout, "scripts"), { recursive: true });
copyFileSync(join(root, "package-lock.json"), join(checkout, "package-lock.json"));
copyFileSync(join(root, "package.json"), join(checkout, "package.json"));
writeFileSync(join(page, "vite.config.ts"), 'export default { base: "./" };\n');
writeFileSync(join(page, "index.html"), '<html><script type="module" src="./src/main.ts"></script></html>\n');
const script = join(page, "src/main.ts");
writeFileSync(script, 'const text: string = "first";\nconsole.log(text);\n');

const scriptIn = (folder: string): string =>
  readdirSync(join(folder, "assets"))
    .map((name) => readFileSync(join(folder, "assets", name), "utf8"))
    .join("");

test("without the packages says what is missing, and leaves nothing behind", async () => {
  await expect(builtFromSources(checkout)).rejects.toThrow(/Cannot find package 'vite'/);
  expect(readdirSync(cache)).toEqual([]);
});

test("two processes that build at the same time share one complete result, and later ones build nothing", async () => {
  symlinkSync(join(root, "node_modules/vite"), join(checkout, "node_modules/vite"));
  const [first, second] = await Promise.all([builtFromSources(checkout), builtFromSources(checkout)]);
  expect(second).toBe(first);
  expect(scriptIn(first)).toContain("first");
  expect(readdirSync(cache)).toEqual([basename(first)]);
  rmSync(join(checkout, "scripts/source-files.ts"));
  expect(await builtFromSources(checkout)).toBe(first);
  copyFileSync(join(root, "scripts/source-files.ts"), join(checkout, "scripts/source-files.ts"));
}, 60_000);

test("changed sources are built again, and wrong ones are reported", async () => {
  const before = await builtFromSources(checkout);
  writeFileSync(script, 'const text: string = "second";\nconsole.log(text);\n');
  const after = await builtFromSources(checkout);
  expect([after === before, scriptIn(before).includes("first"), scriptIn(after).includes("second")]).toEqual([
    false,
    true,
    true,
  ]);
  writeFileSync(script, "const text: = 1;\n");
  await expect(builtFromSources(checkout)).rejects.toThrow(/Error/);
  expect(readdirSync(cache).toSorted()).toEqual([basename(before), basename(after)].toSorted());
}, 60_000);
