import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** gzip bytes. A page link is often opened over a bad mobile network. */
const most = { firstScreen: 25_000, otherScreen: 31_000 };

describe("the built page", () => {
  let files: Map<string, string>;
  let html: string;

  beforeAll(async () => {
    const { output } = (await build({
      root,
      configFile: join(root, "vite.config.ts"),
      configLoader: "native",
      logLevel: "error",
      mode: "production",
      build: { write: false },
    })) as Rolldown.RolldownOutput;
    files = new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : String(file.source)]));
    html = files.get("index.html") ?? "";
  });

  const named = (name: string): string => {
    const found = [...files.keys()].find((file) => file.startsWith(`assets/${name}-`));
    if (found === undefined) throw new Error(`no file of ${name}`);
    return found;
  };
  /** A file with all files that it needs before it runs. */
  const withImports = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const [, next = ""] of (files.get(file) ?? "").matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g))
      withImports(`assets/${next}`, seen);
    return seen;
  };
  const gzipBytes = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + gzipSync(files.get(name) ?? "", { level: 9 }).length, 0);
  const entry = (): string[] => ["index.html", named("style"), ...withImports(named("index"))];

  test("has nothing inline, and names its files relative to itself", () => {
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toMatch(/<script type="module" crossorigin src="\.\/assets\/index-[\w-]+\.js"><\/script>/);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
    const links = Array.from(html.matchAll(/(?:src|href)="([^"]*)"/g), ([, link = ""]) => link);
    expect(links.filter((link) => !/^\.\/assets\/[\w-]+\.(js|css)$|^data:/.test(link))).toEqual([]);
  });

  test("uses nothing that the Content-Security-Policy forbids, and no other host", () => {
    const scripts = [...files].filter(([name]) => name.endsWith(".js")).map(([, code]) => code);
    const urls = scripts.flatMap((code) => code.match(/https?:\/\/[\w.-]+/g) ?? []);
    // Names of XML namespaces, which Preact knows.
    expect(new Set(urls.filter((url) => url !== "http://www.w3.org"))).toEqual(new Set());
    expect(files.get(named("style"))).not.toMatch(/url\(|@import/);
  });

  test.each(["now"])("loads the screen %s after the login within the budget", (screen) => {
    expect(gzipBytes(new Set([...entry(), ...withImports(named(screen))]))).toBeLessThanOrEqual(most.firstScreen);
  });

  test.each(["incident", "incidents", "alerts", "targets", "target", "dead-letters", "dead-letter", "what-if"])(
    "loads the screen %s alone within its budget, with the texts of all reasons",
    (screen) => {
      const loaded = new Set([...entry(), ...withImports(named(screen)), named("state-texts")]);
      expect(gzipBytes(loaded)).toBeLessThanOrEqual(most.otherScreen);
    },
  );
});
