import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ReadSecret } from "@tocsin/core";

/** The places that secrets of a configuration come from. Relative paths of files are relative to `dir`. */
export interface SecretPlaces {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws Error whose message names the missing file or variable, and never holds the value */
export const secretReader =
  ({ dir, env }: SecretPlaces): ReadSecret =>
  (input) => {
    if (typeof input === "string") return withoutEnds(input);
    if ("env" in input) {
      const value = withoutEnds(env[input.env] ?? "");
      if (value === "") throw new Error(`environment variable ${input.env} is not set`);
      return value;
    }
    const value = withoutEnds(readText(resolve(dir, input.file)));
    if (value === "") throw new Error(`file ${input.file} is empty`);
    return value;
  };

/**
 * Removes final newlines, which editors and `echo` add, and a byte order mark, which some editors add; neither belongs to a
 * secret.
 */
const withoutEnds = (text: string): string => text.replace(/^\uFEFF/, "").replace(/[\r\n]+$/, "");

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`, {
      cause: error,
    });
  }
}
