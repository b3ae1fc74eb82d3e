// Builds the web page of apps/console: node scripts/build-console.ts FOLDER
import { join, resolve } from "node:path";
import { build, type Rolldown } from "vite";
import { root } from "./source-files.ts";

/** Writes the built page into this folder. Returns the paths of the modules that it contains. */
export async function buildConsole(outDir: string): Promise<string[]> {
  // Without it, an environment for development would make another page.
  process.env["NODE_ENV"] = "production";
  const folder = join(root, "apps/console");
  const output = (await build({
    root: folder,
    configFile: join(folder, "vite.config.ts"),
    // Node reads the configuration itself. Otherwise vite writes a file for it beside the packages.
    configLoader: "native",
    envDir: false,
    logLevel: "error",
    build: { outDir: resolve(outDir), emptyOutDir: true, reportCompressedSize: false },
  })) as Rolldown.RolldownOutput;
  return output.output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
}

if (import.meta.main) {
  const [outDir] = process.argv.slice(2);
  if (outDir === undefined) throw new Error("expected a folder for the built page");
  await buildConsole(outDir);
}
