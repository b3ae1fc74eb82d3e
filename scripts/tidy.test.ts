import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { generated } from "./generated.ts";
import { importCycles } from "./import-cycles.ts";
import { root, type SourceFile, sourceFiles } from "./source-files.ts";

const files = sourceFiles();
const production = files.filter((file) => !file.test);

/** Imports point inwards: our packages that each workspace may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "packages/http": [],
  "packages/pagerduty": ["http"],
  "packages/core": ["http"],
  "packages/engine": ["core"],
  "packages/publishers": ["core", "http", "pagerduty"],
  "packages/simulator": [],
  "apps/console": [],
  "apps/tocsin": ["core", "engine", "http", "publishers", "pagerduty", "simulator"],
  test: ["core", "engine", "http", "publishers", "pagerduty", "simulator"],
};

/** Modules of Node that do no I/O: decisions stay pure, so that their tests are tables. */
const pureModules = ["node:crypto", "node:util"];

const ours = (specifier: string): string | undefined => /^@tocsin\/([\w-]+)/.exec(specifier)?.[1];
/** A specifier with `#` is a file of the same package, which its package.json names. */
const isForeign = (specifier: string): boolean =>
  !/^[.#]/.test(specifier) && !isBuiltin(specifier) && ours(specifier) === undefined;
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** An entry point of a package besides its main one, named in its `exports`. */
const isDoor = (specifier: string): boolean => {
  const [, name = "", ...below] = specifier.split("/");
  const { exports } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  return `./${below.join("/")}` in exports;
};

/** `path: import` for each import that breaks a rule. */
const offences = (among: readonly SourceFile[], breaks: (specifier: string, file: SourceFile) => boolean): string[] =>
  among.flatMap((file) =>
    file.imports.filter((specifier) => breaks(specifier, file)).map((specifier) => `${file.path}: ${specifier}`),
  );

describe("imports", () => {
  test("were found at all", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(production.flatMap(({ imports }) => imports).length).toBeGreaterThan(500);
  });

  test("every workspace is known here", () => {
    expect([...new Set(files.map(({ workspace }) => workspace))].toSorted()).toEqual(Object.keys(mayImport).toSorted());
  });

  test("go from outer to inner packages only", () => {
    const outward = offences(production, (specifier, { workspace }) => {
      const name = ours(specifier);
      return name !== undefined && !mayImport[workspace]?.includes(name);
    });
    expect(outward).toEqual([]);
  });

  test("go to an entry point of another package, or stay inside the package", () => {
    const astray = offences(production, (specifier, { path, workspace }) =>
      specifier.startsWith(".")
        ? !normalize(join(dirname(path), specifier)).startsWith(`${workspace}/`)
        : /^@tocsin\/[\w-]+\/(?!package\.json)/.test(specifier) && !isDoor(specifier),
    );
    expect(astray).toEqual([]);
  });

  test("form no cycle, imports of types included", () => {
    const example = [
      { path: "src/a.ts", imports: ["./b.ts", "node:fs"] },
      { path: "src/b.ts", imports: ["./c/d.ts"] },
      { path: "src/c/d.ts", imports: ["../b.ts"] },
    ];
    expect(importCycles(example)).toEqual(["src/b.ts -> src/c/d.ts -> src/b.ts"]);
    expect(importCycles(files)).toEqual([]);
  });

  test("carry .ts or .tsx", () => {
    expect(offences(files, (specifier) => specifier.startsWith(".") && !/\.(tsx?|json)$/.test(specifier))).toEqual([]);
  });

  test("name Node's modules with node:", () => {
    expect(offences(files, (specifier) => isBuiltin(specifier) && !specifier.startsWith("node:"))).toEqual([]);
  });

  test.each([
    ["packages/http", {}],
    ["packages/pagerduty", { "@tocsin/http": "0.1.0" }],
  ])("in %s name no third-party package, because it has no such dependency", (workspace, dependencies) => {
    const library = production.filter((file) => file.workspace === workspace);
    expect(offences(library, isForeign)).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(root, workspace, "package.json"), "utf8")) as object;
    expect(manifest).toMatchObject({ dependencies });
    expect(Object.keys((manifest as { dependencies: object }).dependencies)).toEqual(Object.keys(dependencies));
  });

  test("from the portable entry point of packages/http reach no module of Node", () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const specifier of files.find((file) => file.path === path)?.imports ?? [])
        visit(specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier);
    };
    visit("packages/http/src/portable.ts");
    expect(reached.size).toBeGreaterThan(5);
    expect([...reached].filter((name) => !name.startsWith("packages/http/src/"))).toEqual([]);
  });

  test("in core reach no module that does I/O", () => {
    const core = production.filter(({ workspace }) => workspace === "packages/core");
    expect(offences(core, (specifier) => isBuiltin(specifier) && !pureModules.includes(specifier))).toEqual([]);
  });

  test("in core and the client library reach packages/http by its portable entry point, except for the socket transport", () => {
    const portable = production.filter(({ workspace }) => ["packages/core", "packages/pagerduty"].includes(workspace));
    const whole = offences(portable, (specifier) => specifier === "@tocsin/http");
    expect(new Set(whole.map((offence) => offence.split(":")[0]))).toEqual(
      new Set(["packages/pagerduty/src/transport/socket-transport.ts"]),
    );
  });

  test("in a publisher name no other publisher", () => {
    const publishers = production.filter(({ path }) => /^packages\/publishers\/src\/\w+\//.test(path));
    const crossing = offences(publishers, (specifier, { path }) => {
      if (!specifier.startsWith(".")) return false;
      const [, , , folder = "", below] = normalize(join(dirname(path), specifier)).split("/");
      const shared = folder === "shared" || path.startsWith("packages/publishers/src/shared/");
      return below !== undefined && !shared && !path.startsWith(`packages/publishers/src/${folder}/`);
    });
    expect(crossing).toEqual([]);
  });

  test("name the test workspace in tests only", () => {
    expect(
      offences(production, (specifier, { workspace }) => ours(specifier) === "test" && workspace !== "test"),
    ).toEqual([]);
  });

  test("name packages that package.json names", () => {
    const declared = new Map(
      Object.keys(mayImport).map((workspace) => {
        const text = readFileSync(join(root, workspace, "package.json"), "utf8");
        return [workspace, Object.keys((JSON.parse(text) as { dependencies?: object }).dependencies ?? {})];
      }),
    );
    const missing = offences(production, (specifier, { workspace }) => {
      if (!isForeign(specifier) && ours(specifier) === undefined) return false;
      const names = declared.get(workspace) ?? [];
      // The schema library comes with core, on whose schemas the others build.
      return !names.includes(packageOf(specifier)) && !(specifier === "zod" && names.includes("@tocsin/core"));
    });
    expect(missing).toEqual([]);
  });
});

test("no file name is vague, such as utils.ts", () => {
  const vague = /^(utils?|helpers?|common|types|interfaces|managers?|misc|shared)\.tsx?$/;
  expect(files.map(({ path }) => path).filter((path) => vague.test(basename(path)))).toEqual([]);
});

/** Names that had to be decoded. Each part has a name of the field now: `docs/glossary.md`. */
const formerFileNames =
  "hear due plan event-mark content blank hand flights desk claiming settling members packed lease-ends counts watchers " +
  "fallback turns draft draft-lanes at-hand expecting questions answering writing mirror mirroring own-rows notices listening " +
  "connecting stored-key changed-text ledger-time committer soonest recent letter-rows plain-answer plain-target seal scrub plainly " +
  "ground parts incident-book recent-answers spoil pump world words watch life ledger-home stage keeping outliving holding-back " +
  "moving-targets passing-time people telling-again telling-events falling-back losing-leases standstill seldom vault " +
  "written-target read-targets target-entry exposition housekeeping trials knowledge places gate publishing open-discoveries " +
  "last-good planted under-way";

test("no file has a former name", () => {
  const former = new Set(formerFileNames.split(" "));
  expect(files.map(({ path }) => path).filter((path) => former.has(basename(path).split(".")[0] as string))).toEqual(
    [],
  );
});

test("no identifier, comment or page has a former word", () => {
  const words =
    /\b(?:desk|hand|hear|at-?hand|seldom|standstill|own-?rows|turns|ground|outliving)\b|[#.]keeping\b|\bkeeping(?=[A-Z(:=])/i;
  const texts = globSync("{{packages,apps,bench,scripts,test,docs,deploy,examples}/**/*,*}.{ts,tsx,md,mjs,yaml}", {
    cwd: root,
    exclude: ["**/node_modules/**", "**/dist/**"],
  }).filter((path) => path !== "scripts/tidy.test.ts");
  expect(texts.length).toBeGreaterThan(files.length);
  const found = texts.flatMap((path) => {
    const hit = words.exec(readFileSync(join(root, path), "utf8"));
    return hit ? [`${path}: ${hit[0]}`] : [];
  });
  expect(found).toEqual([]);
});

test("files are named in kebab-case", () => {
  expect(
    files
      .map(({ path }) => path)
      .filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)?(\.test)?\.tsx?$/.test(basename(path))),
  ).toEqual([]);
});

/** The lower-case words of a name in any case, each in the singular. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .map((word) => word.replace(/ies$/, "y").replace(/(?<=..)s$/, ""));

/** Whether the name of an export contains all words of the file's name, as `fitDedupKey` does in `dedup-key.ts`. */
const carriesName = (exported: string, path: string): boolean => {
  const words = wordsOf(exported);
  const wanted = wordsOf(basename(path).replace(/\.tsx?$/, ""));
  return wanted.every((word) => words.includes(word)) || words.join("").includes(wanted.join(""));
};

const exportsOf = (text: string): string[] => [
  ...Array.from(
    text.matchAll(/^export (?:abstract |async )*(?:const|function\*?|class|interface|type) (\w+)/gm),
    ([, name = ""]) => name,
  ),
  ...Array.from(
    text.matchAll(/^export (?:type )?\{([^}]*)\}/gm),
    ([, list = ""]) => list.match(/\w+(?=,|\s*$)/g) ?? [],
  ).flat(),
];

/** Files without one main export, with the reason. */
const withoutMainExport = {
  "apps/tocsin/src/cli/operate.ts": "the commands of an operator",
  "apps/tocsin/src/telemetry/series.ts": "the kinds of metrics",
  "packages/engine/src/ledger/wire-format.ts": "functions that pack and unpack each message",
  "packages/engine/src/stores/postgres/schema.ts": "the tables, as migrations",
  "packages/engine/src/stores/sqlite/schema.ts": "the tables, as migrations",
  "packages/engine/src/stores/sqlite/worker-thread.ts": "the entry point of a thread",
  "packages/http/src/portable.ts": "an entry point of the package",
  "packages/pagerduty/src/error-predicates.ts": "one predicate for each error",
  "packages/pagerduty/src/limiter/queued-limiter.ts": "two limiters and their base, which is not exported",
  "packages/pagerduty/src/transport/no-socket-transport.ts": "stands in for socket-transport.ts",
  "packages/publishers/src/registry.ts": "the list of publishers, and the two lists that derive from it",
  "packages/simulator/src/receivers/pagerduty/event-answers.ts": "the answers of an endpoint",
  "packages/simulator/src/receivers/pagerduty/event-schema.ts": "the schemas of an endpoint",
  "packages/simulator/src/receivers/pagerduty/rest-documents.ts": "the documents of an API",
  "packages/simulator/src/receivers/rootly/rootly-documents.ts": "the documents of an API",
  "packages/simulator/src/receivers/rootly/rootly-schema.ts": "the schemas of an API",
  "packages/simulator/src/server/exchange.ts": "the types of a request and its answer",
};

test("a file's main export carries the file's name", () => {
  expect(carriesName("openTCPServer", "src/tcp-server.ts")).toBe(true);
  expect(carriesName("ignored", "src/ignore.ts")).toBe(true);
  expect(carriesName("unrelated", "src/tcp-server.ts")).toBe(false);
  const unnamed = production
    .filter(({ path }) => path.includes("/src/") && basename(path) !== "index.ts")
    .filter(({ path, text }) => {
      const names = exportsOf(text);
      return names.length > 0 && !names.some((name) => carriesName(name, path));
    });
  expect(unnamed.map(({ path }) => path)).toEqual(Object.keys(withoutMainExport));
});

test("names that main.mjs imports exist, although no types check it", () => {
  const path = "apps/tocsin/src/main.mjs";
  const imports = readFileSync(join(root, path), "utf8").matchAll(
    /const \{ ([\w, ]+) \} = await import\("(\.[^"]+)"\)/g,
  );
  const missing = Array.from(imports, ([, names = "", specifier = ""]) => {
    const exported = files.find((file) => file.path === normalize(join(dirname(path), specifier)));
    return names.split(", ").filter((name) => !exportsOf(exported?.text ?? "").includes(name));
  });
  expect(missing.length).toBeGreaterThan(1);
  expect(missing.flat()).toEqual([]);
});

test("constants are in camelCase, and imports stand in one block", () => {
  const shouting = /^\s*(?:export )?const [A-Z][A-Z\d_]+\b/m;
  const gaps = /^(?:import |\} from )[^\n]*;\n\n+import /m;
  expect(files.filter(({ text }) => shouting.test(text) || gaps.test(text)).map(({ path }) => path)).toEqual([]);
});

/** A test of the project "unit" of vitest.config.ts. */
const isUnit = (path: string): boolean => !/\.(integration|fuzz|long)\.test\.ts$|^test\/(simulation|e2e)\//.test(path);

describe("test files", () => {
  const paths = globSync("**/*.test.ts", { cwd: root, exclude: ["**/node_modules/**", "**/dist/**", "coverage/**"] });

  test("are in folders that vitest.config.ts includes", () => {
    const places =
      /^((packages|apps)\/[\w-]+\/(src|test)\/.*|test\/(kit|simulation|e2e)\/.*|(scripts|bench)\/[^/]+)\.test\.ts$/;
    expect(paths.length).toBeGreaterThan(200);
    expect(paths.filter((path) => !places.test(path))).toEqual([]);
  });

  test("for units open no socket and start no process or thread, directly or through a fixture", () => {
    const doors = /^node:(http|https|http2|net|tls|dgram|child_process|cluster|worker_threads)$/;
    const byPath = new Map(files.map((file) => [file.path, file]));
    const reaches = (path: string, seen = new Set<string>()): string[] => {
      const file = byPath.get(path);
      if (file?.test !== true || seen.has(path)) return [];
      seen.add(path);
      return file.imports.flatMap((specifier) =>
        doors.test(specifier)
          ? [`${path}: ${specifier}`]
          : specifier.startsWith(".")
            ? reaches(join(dirname(path), specifier), seen)
            : [],
      );
    };
    expect(paths.filter(isUnit).length).toBeGreaterThan(100);
    expect(paths.filter(isUnit).flatMap((path) => reaches(path).map((found) => `${path}: ${found}`))).toEqual([]);
  });
});

test("the environment is read in one file", () => {
  const inner = production.filter(({ workspace }) => workspace !== "packages/pagerduty");
  const readers = inner.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path);
  expect(readers).toEqual(["apps/tocsin/src/cli/terminal.ts"]);
});

describe("generated files", async () => {
  test.each(Object.entries(await generated()))("%s matches the output of scripts/generate.ts", (path, text) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  });
});

describe("every publisher", () => {
  const folder = join(root, "packages/publishers/src");
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && entry.name !== "shared" ? [entry.name] : [],
  );

  test("is found", () => {
    expect(names).toContain("pagerduty");
  });

  test.each(names)("%s has golden files, calls the contract, and is registered", (name) => {
    expect(globSync("golden/**/*.json", { cwd: join(folder, name) })).not.toEqual([]);
    const contract = join(folder, name, "index.integration.test.ts");
    expect(existsSync(contract)).toBe(true);
    expect(readFileSync(contract, "utf8")).toMatch(/\bpublisherContract\(/);
    expect(readFileSync(join(folder, "registry.ts"), "utf8")).toContain(`"./${name}/index.ts"`);
  });
});

test("no file reads outside the checkout", () => {
  const paths = globSync("{packages,apps,bench,test,scripts,tools}/**/*.ts", {
    cwd: root,
    exclude: ["**/node_modules/**"],
  });
  const outside = paths.flatMap((path) =>
    Array.from(
      readFileSync(join(root, path), "utf8").matchAll(/new URL\(\s*[`"]((?:\.\.\/)+[^`"]*)[`"],\s*import\.meta/g),
      ([, target = ""]) => normalize(join(dirname(path), target)),
    ).flatMap((target) => (target.startsWith("..") ? [`${path}: ${target}`] : [])),
  );
  expect(paths.length).toBeGreaterThan(files.length);
  expect(outside).toEqual([]);
});

/** Files whose code, without comments, matches. */
const pathsWhere = (among: readonly SourceFile[], code: RegExp): string[] =>
  among.flatMap(({ path, text }) => (code.test(text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")) ? [path] : []));

const inside = (...folders: readonly string[]): SourceFile[] =>
  production.filter(({ path }) => folders.some((folder) => path.startsWith(folder)));

/** The boundaries that ARCHITECTURE.md promises, besides the imports. */
describe("boundaries", () => {
  test("core reads a clock in its clock port only", () => {
    expect(pathsWhere(inside("packages/core/"), /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/)).toEqual([
      "packages/core/src/ports/clock.ts",
    ]);
  });

  test("the service has no `using` declaration, which Node 22 cannot parse", () => {
    expect(pathsWhere(inside("apps/"), /^\s*(?:await )?using \w+ =/m)).toEqual([]);
  });

  test("the engine names no receiver", () => {
    expect(pathsWhere(inside("packages/engine/"), /pagerduty|slack|rootly/i)).toEqual([]);
  });

  test("every store of the ledger passes the contract", () => {
    const contracts = files.filter(({ path, text }) => path.endsWith(".test.ts") && /\bledgerContract\(/.test(text));
    const stores = readdirSync(join(root, "packages/engine/src/stores"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(stores.length).toBeGreaterThan(2);
    const without = stores.filter(
      (name) => !contracts.some(({ path, text }) => path.includes(`/stores/${name}/`) || text.includes(`"./${name}/`)),
    );
    expect(without).toEqual([]);
  });

  test("compose.ts alone opens the ledger, the connections and the HTTP server of the service", () => {
    const opening = /(?<!function )\b(?:openLedger|createServer)\(|\bnew Transport\(/;
    const outside = pathsWhere(inside("apps/tocsin/"), opening).filter((path) => !path.endsWith(".fixture.ts"));
    // `tocsin classify` and `evaluate` ask a model without a service.
    expect(outside).toEqual(["apps/tocsin/src/cli/use-classifier.ts", "apps/tocsin/src/compose.ts"]);
  });

  test("secrets are revealed only where they are read, compared or put into a request", () => {
    const allowed = [
      "apps/tocsin/src/callbacks/callbacks.ts",
      "apps/tocsin/src/changes/sources/change-sources.ts",
      "apps/tocsin/src/classification/classification-settings.ts",
      "apps/tocsin/src/classifiers/llm/load-sdk.ts",
      "apps/tocsin/src/config/",
      "apps/tocsin/src/heartbeats/outgoing-",
      "apps/tocsin/src/ingest/readers/",
      "apps/tocsin/src/ingest/signatures.ts",
      "apps/tocsin/src/targets/discovery/",
      "apps/tocsin/src/telemetry/traces/",
      "packages/core/src/schema/",
      "packages/core/src/targets/",
      "packages/publishers/src/",
    ];
    const revealing = pathsWhere(production, /\breveal\(\)/);
    expect(revealing.length).toBeGreaterThan(10);
    expect(revealing.filter((path) => !allowed.some((folder) => path.startsWith(folder)))).toEqual([]);
  });
});

/** A page without its code. */
const proseOf = (path: string): string => readFileSync(join(root, path), "utf8").replace(/```[\s\S]*?```/g, "");

/** As GitHub names a heading in a link. */
const anchorsIn = (path: string): string[] =>
  Array.from(proseOf(path).matchAll(/^#+ (.*)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );

/** Returns the Markdown files that the links of a page lead to. */
const linkedPages = (page: string): string[] =>
  Array.from(proseOf(page).matchAll(/\]\(([^)\s#]+\.md)(?:#[^)\s]*)?\)/g), ([, path = ""]) => path)
    .filter((path) => !/^[a-z]+:/.test(path))
    .map((path) => normalize(join(dirname(page), path)))
    .filter((path) => existsSync(join(root, path)));

test("every page of docs is reached by links from README.md", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) for (const next of linkedPages(page)) reached.add(next);
  const lost = globSync("docs/**/*.md", { cwd: root }).filter((page) => !reached.has(page));
  expect(lost).toEqual([]);
});

test("links in Markdown files lead to files and headings that exist", () => {
  const pages = globSync("{*,{docs,packages,apps,bench,deploy,examples,test}/**/*}.md", {
    cwd: root,
    exclude: ["**/node_modules/**"],
  });
  const broken = pages.flatMap((page) =>
    Array.from(proseOf(page).matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? page : normalize(join(dirname(page), path));
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !anchorsIn(target).includes(anchor);
      })
      .map((link) => `${page}: ${link}`),
  );
  expect(pages.length).toBeGreaterThan(30);
  expect(broken).toEqual([]);
});
