import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

export interface SourceFile {
  /** From the root, such as `packages/core/src/index.ts`. */
  readonly path: string;
  /** Its workspace, such as `packages/core`. */
  readonly workspace: string;
  /** A test, or what only tests use. */
  readonly test: boolean;
  readonly text: string;
  /** The specifiers of its imports, as written. */
  readonly imports: readonly string[];
}

const importing =
  /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

/** Every source file of packages and apps, and of `test`. */
export const sourceFiles = (): SourceFile[] =>
  globSync(["{packages,apps}/*/{src,test}/**/*.{ts,tsx}", "test/**/*.ts"], {
    cwd: root,
    exclude: ["**/node_modules/**", "**/dist/**"],
  })
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
      return {
        path,
        workspace: path.startsWith("test/") ? "test" : path.split("/").slice(0, 2).join("/"),
        test: /\.test\.ts$|(^|\/)test\/|\bfixtures?\.ts$/.test(path),
        text,
        imports: Array.from(code.matchAll(importing), ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? ""),
      };
    });
