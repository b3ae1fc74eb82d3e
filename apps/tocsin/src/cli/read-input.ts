import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { OperatorError, systemReason } from "../config/operator-error.ts";
import type { Terminal } from "./terminal.ts";

/** Reads a file as text; `-` is the standard input. */
export async function readInput({ cwd, input }: Terminal, file: string): Promise<string> {
  if (file === "-") return input();
  try {
    return readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new OperatorError(`cannot read ${file}: ${systemReason(error)}`, { cause: error });
  }
}
