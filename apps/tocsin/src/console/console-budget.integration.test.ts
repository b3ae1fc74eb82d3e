import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { consoleFolder } from "./console-folder.ts";

/** What a browser loads before it shows the first screen: the page, its style sheet and its scripts, bytes as sent with gzip. */
const maxFirstLoadBytes = 25_000;

/** Names of XML vocabularies. No browser requests them. */
const vocabularies =
  /^https?:\/\/www\.w3\.org\/(?:1998\/Math\/MathML|1999\/xhtml|1999\/xlink|2000\/svg|XML\/1998\/namespace)$/;

let folder: string;
const textOf = (path: string): string => readFileSync(join(folder, path), "utf8");

beforeAll(async () => {
  folder = await consoleFolder();
}, 120_000);

/** The page and the files that it loads at once, with those that their scripts import. */
function firstLoad(): string[] {
  const found = new Set(["index.html"]);
  for (const path of found) {
    const loads = path.endsWith(".html")
      ? textOf(path).matchAll(/ (?:src|href)="\.\/(assets\/[^"]+)"/g)
      : textOf(path).matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([^"'`]+)["'`]/g);
    for (const [, name = ""] of loads) found.add(path.endsWith(".html") ? name : `assets/${name}`);
  }
  return [...found];
}

test(`the first load of the page has at most ${maxFirstLoadBytes} bytes with gzip`, () => {
  const sizes = firstLoad().map((path) => [path, gzipSync(textOf(path), { level: 9 }).length] as const);
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.info(`first load: ${total} bytes: ${sizes.map(([path, bytes]) => `${path} ${bytes}`).join(", ")}`);
  expect(sizes.filter(([path]) => path.endsWith(".js")).length).toBeGreaterThan(0);
  expect(sizes.filter(([path]) => path.endsWith(".css")).length).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(maxFirstLoadBytes);
});

test("the built page names no URL of another origin", () => {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => /\.\w+$/.test(path));
  expect(paths.length).toBeGreaterThan(2);
  const urls = paths.flatMap((path) =>
    Array.from(
      textOf(path).matchAll(/\b(?:https?|wss?|ftp):\/\/[\w.-][^\s"'`<>)\\]*|["'`(]\/\/[\w-]+\.[^"'`)]+/g),
      ([url]) => `${path}: ${url}`,
    ),
  );
  expect(urls.filter((found) => !vocabularies.test(found.slice(found.indexOf(": ") + 2)))).toEqual([]);
});
