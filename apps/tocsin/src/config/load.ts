import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { LineCounter, parseDocument } from "yaml";

import { ConfigError } from "./config-error.ts";
import { type Config, readConfig } from "./config.ts";
import { placeOf } from "./places.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a configuration; without a file, the defaults. What it names is relative to the file, else to `cwd`.
 *
 * @throws ConfigError with all issues and their lines
 */
export function loadConfig(file: string | undefined, { cwd, env }: Surroundings): Config {
  if (file === undefined) return readConfig({}, { dir: cwd, env });
  const path = resolve(cwd, file);
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const issues = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { path: "", message, place: { line, column: col } };
    });
    throw new ConfigError(issues, path);
  }
  let input: unknown;
  try {
    input = document.toJS() ?? {};
  } catch {
    // The one thing that fails so late: more aliases than any configuration needs.
    throw new ConfigError([{ path: "", message: "too many aliases" }], path);
  }
  return readConfig(input, {
    dir: dirname(path),
    env,
    file: path,
    placeOf: (steps) => placeOf(document, lines, steps),
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      [{ path: "", message: code === "ENOENT" ? "no such file" : `cannot be read (${code})` }],
      path,
    );
  }
}
