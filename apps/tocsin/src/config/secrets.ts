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
    if (typeof input === "string") return input;
    if ("env" in input) {
      const value = env[input.env];
      if (value === undefined || value === "") throw new Error(`environment variable ${input.env} is not set`);
      return value;
    }
    const value = readText(resolve(dir, input.file)).replace(/\r?\n$/, "");
    if (value === "") throw new Error(`file ${input.file} is empty`);
    return value;
  };

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`, {
      cause: error,
    });
  }
}
