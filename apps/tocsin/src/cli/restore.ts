import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { restoreLedger } from "@tocsin/engine";
import { OperatorError, systemReason } from "../config/operator-error.ts";
import { exitCode } from "./exit-code.ts";
import { sqliteFile } from "./ledger.ts";
import type { Terminal } from "./terminal.ts";

export interface RestoreOptions {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** `tocsin ledger restore`: copies a backup to the ledger path of a stopped service. Never replaces a ledger. */
export async function restore(terminal: Terminal, options: RestoreOptions): Promise<number> {
  const from = resolve(terminal.cwd, options.from);
  const to = sqliteFile(terminal, options.to, "--to");
  if (!existsSync(from)) throw new OperatorError(`--from: ${from} does not exist`);
  const present = [to, `${to}-wal`].find((path) => existsSync(path));
  if (present !== undefined)
    throw new OperatorError(`--to: ${present} exists; stop the service and move the old ledger away first`);
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    await restoreLedger({ from, to });
  } catch (error) {
    throw new OperatorError(`${from} was not restored to ${to}: ${systemReason(error)}`, { cause: error });
  }
  const key = `${to}.key`;
  const missing = existsSync(key)
    ? ""
    : `\n${key} does not exist. Put the key of the saved ledger there, or set \`ledger.encryptionKey\`, before you start the service: without it, open incidents cannot be resolved.`;
  terminal.out(options.json ? `${JSON.stringify({ from, to })}\n` : `Restored ${to}.${missing}\n`);
  return exitCode.ok;
}
