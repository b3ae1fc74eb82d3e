import { dirname, join } from "node:path";
import type { SourceFile } from "./source-files.ts";

/**
 * Import cycles among files, found depth first, as `a.ts -> b.ts -> a.ts`. Imports of types count too: two files that need each
 * other's types cannot be read, moved or tested alone. None found means that there is none; otherwise each run of the search finds
 * at least one, but not every cycle through the same file.
 */
export function importCycles(files: readonly Pick<SourceFile, "path" | "imports">[]): string[] {
  const importsOf = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter((specifier) => specifier.startsWith(".")).map((specifier) => join(dirname(path), specifier)),
    ]),
  );
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, importers: readonly string[]): void => {
    const at = importers.indexOf(path);
    if (at !== -1) cycles.push([...importers.slice(at), path].join(" -> "));
    if (at !== -1 || finished.has(path)) return;
    for (const imported of importsOf.get(path) ?? []) visit(imported, [...importers, path]);
    finished.add(path);
  };
  for (const path of importsOf.keys()) visit(path, []);
  return cycles;
}
