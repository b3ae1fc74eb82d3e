import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { OperatorError } from "../config/operator-error.ts";
import { downloadFromApi } from "./api.ts";
import type { BackupOptions } from "./operator-options.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `tocsin ledger backup`: saves a copy of a running service's ledger. The key that protects its credentials is not part of the
 * copy.
 */
export async function backup(terminal: Terminal, options: BackupOptions): Promise<void> {
  const file = resolve(terminal.cwd, options.to);
  if (existsSync(file)) throw new OperatorError(`--to: ${file} exists; name a file that does not exist yet`);
  await downloadFromApi(options, "ledger/backup", file);
  const text = `Saved ${file}.
Keep the ledger's key as well, at another place: the key file beside the ledger (<ledger>.key), or \`ledger.encryptionKey\`. Without it, open incidents cannot be resolved after a restore.
`;
  terminal.out(options.json ? `${JSON.stringify({ file })}\n` : text);
}
