// Builds what the npm package `tocsin` ships: dist, THIRD-PARTY-LICENSES and LICENSE (docs/adr/0014-one-bundle.md), in apps/tocsin or in
// the folder that is given.
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { rolldown } from "rolldown";
import { buildConsole } from "./build-console.ts";
import { root } from "./source-files.ts";
import { packageFolder, readPackage, thirdPartyLicenses } from "./third-party-licenses.ts";

const app = join(root, "apps/tocsin");
const out = process.argv[2] ?? app;
const dist = join(out, "dist");
const { engines } = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as { engines: { node: string } };

const bundle = await rolldown({
  cwd: app,
  input: {
    main: "src/main.mjs",
    // The ledger starts its thread from this file beside its own code.
    "worker-thread": join(root, "packages/engine/src/stores/sqlite/worker-thread.ts"),
  },
  platform: "node",
  resolve: { conditionNames: ["@tocsin/source"] },
  // `using` is newer than the oldest Node that we promise.
  transform: { target: `node${engines.node.replace(">=", "")}` },
  // A driver for PostgreSQL in C, which pg loads on request only.
  external: ["pg-native"],
  plugins: [
    {
      name: "shebang-without-sources",
      transform: (code, id) =>
        id.endsWith("/main.mjs") ? code.replace(" --conditions=@tocsin/source", "") : undefined,
    },
  ],
  onLog(_level, { message }) {
    throw new Error(message);
  },
});

// Lines and names stay readable in stack traces. Comments would cost memory: Node keeps the source text of what it loads.
rmSync(dist, { recursive: true, force: true });
const { output } = await bundle.write({
  dir: dist,
  format: "esm",
  comments: false,
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
});
await bundle.close();
chmodSync(join(dist, "main.js"), 0o755);

const pageModules = await buildConsole(join(dist, "console"));
const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])).concat(pageModules);
const folders = new Set(modules.flatMap((id) => packageFolder(relative(root, id)) ?? []));
// rolldown adds functions of its own, for modules of the CommonJS kind and for `using`.
folders.add("node_modules/rolldown");
const packages = [...folders].map((folder) => readPackage(join(root, folder)));
writeFileSync(join(out, "THIRD-PARTY-LICENSES"), thirdPartyLicenses(packages));
copyFileSync(join(root, "LICENSE"), join(out, "LICENSE"));
