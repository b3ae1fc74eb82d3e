import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { ConfigError } from "./config-error.ts";
import { type Config, readConfig } from "./config.ts";
import { sourcePositionOf } from "./source-positions.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Replaces `server.listen`. */
  readonly listen?: string;
}

/**
 * Reads a configuration; without a file, returns the defaults. Paths in the configuration are relative to the file, without one
 * to `cwd`.
 *
 * @throws ConfigError with all issues and their lines
 */
export function loadConfig(file: string | undefined, { cwd, env, listen }: Surroundings): Config {
  if (file === undefined) return readConfig(listeningAt({}, listen), { dir: cwd, env, ...byOption(listen) });
  const path = resolve(cwd, file);
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false, merge: true });
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
    // The only mistake that is detected this late: more aliases than any configuration needs.
    throw new ConfigError([{ path: "", message: "too many aliases" }], path);
  }
  return readConfig(listeningAt(withoutExtensions(input), listen), {
    dir: dirname(path),
    env,
    file: path,
    placeOf: (steps) => sourcePositionOf(document, lines, steps),
    ...byOption(listen),
  });
}

const isRecord = (input: unknown): input is Record<string, unknown> =>
  typeof input === "object" && input !== null && !Array.isArray(input);

/** Removes top-level keys `x-…`: they hold values that other keys refer to by anchors, as in Compose files. */
const withoutExtensions = (input: unknown): unknown =>
  isRecord(input) ? Object.fromEntries(Object.entries(input).filter(([key]) => !key.startsWith("x-"))) : input;

/** Applies the options before the checks, so that an address beyond loopback needs tokens here too. */
const listeningAt = (input: unknown, listen: string | undefined): unknown =>
  listen === undefined || !isRecord(input) || !(input["server"] === undefined || isRecord(input["server"]))
    ? input
    : { ...input, server: { ...input["server"], listen } };

/** An issue of an option's value has no position in the file. */
const byOption = (listen: string | undefined) =>
  listen === undefined ? {} : { setBy: new Map([["server.listen", `--listen ${listen}`]]) };

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
