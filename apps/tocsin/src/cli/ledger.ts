import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseConnectionUrl, copyLedger, type PostgresServer, shownConnectionUrl } from "@tocsin/engine";
import { OperatorError, UsageError } from "../config/operator-error.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

export interface CopyLedgerOptions {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** `tocsin ledger copy`: copies the ledger of a stopped service from a SQLite file into PostgreSQL. */
export async function copy(terminal: Terminal, { from, to, json }: CopyLedgerOptions): Promise<number> {
  const path = sqliteFile(terminal, from, "--from");
  if (!existsSync(path)) throw new OperatorError(`--from: ${path} does not exist`);
  const server = serverIn(terminal, to);
  const copied = await copyLedger({ from: path, to: server }).catch((error: unknown) => {
    throw new OperatorError(`${path} was not copied to ${shownConnectionUrl(server)}: ${(error as Error).message}`, {
      cause: error,
    });
  });
  const { alerts, incidents, deadLetters } = copied;
  if (json) terminal.out(`${JSON.stringify(copied)}\n`);
  else
    terminal.out(
      `copied ${alerts} alerts, ${incidents} incidents and ${deadLetters} dead letters to ${shownConnectionUrl(server)}
Set ledger.encryptionKey to the key that the file was written with (by default ${path}.key): without it, what is open cannot be resolved.\n`,
    );
  return exitCode.ok;
}

/** Returns the file that a URL names. @throws OperatorError */
export function sqliteFile({ cwd }: Terminal, url: string, option: string): string {
  if (!/^sqlite:./.test(url)) throw new UsageError(`${option}: expected a URL such as "sqlite:./data/tocsin.db"`);
  return resolve(cwd, url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, ""));
}

/** Refuses a password in an argument: every user of the machine could see it. */
function serverIn({ env }: Terminal, url: string): PostgresServer {
  const password = env["PGPASSWORD"];
  try {
    return parseConnectionUrl(url, password === undefined || password === "" ? {} : { password });
  } catch (error) {
    throw new UsageError(`--to: ${(error as Error).message}`, { cause: error });
  }
}
