import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ReadSecret } from "@tocsin/core";

/** Where secrets of a configuration come from. `dir`: what relative files are relative to. */
export interface SecretPlaces {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws Error whose message says what is missing, never what was read */
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

/** Editors and `echo` add final newlines, and some editors a byte order mark; neither belongs to a secret. */
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
