import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";

import type { Ledger, StateChange } from "@tocsin/core";
import { openPostgresLedger, openSqliteLedger } from "@tocsin/engine";

import { type Config, ledgerName } from "./config/config.ts";
import { type KeyFile, keyFile } from "./key-file.ts";
import { OperatorError, systemReason } from "./operator-error.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Vault } from "./vault.ts";

export interface LedgerSurroundings {
  readonly vault: Pick<Vault, "identity">;
  /** Another replica says that something is due. */
  readonly wake: () => void;
  /** Takes changes of state that operators are told of. */
  readonly report: (changes: readonly StateChange[]) => void;
}

/** @throws OperatorError where it cannot be opened */
export async function openLedger(
  { ledger: place, delivery }: Pick<Config, "ledger" | "delivery">,
  { vault, wake, report }: LedgerSurroundings,
): Promise<Ledger> {
  try {
    if (place.kind === "sqlite") return await openSqliteLedger({ path: place.path, settings: delivery, report });
    const ledger = await openPostgresLedger({ server: place.server, settings: delivery, wake, report });
    try {
      await checkKey(ledger, vault);
      return ledger;
    } catch (error) {
      await ledger[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    throw new OperatorError(`the ledger ${ledgerName(place)} cannot be opened: ${whyNot(error as Error)}`, {
      cause: error,
    });
  }
}

/** As OpenSSL calls it; what Node says of it is about Node. */
const untrusted: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

const whyNot = (error: Error & { readonly code?: unknown }): string =>
  untrusted.has(error.code)
    ? "no authority that we trust has signed the server's certificate; `ledger.tls.ca` names the one that has"
    : error.message;

/**
 * Replicas must have the same key: by another one, credentials have other names, so that their limits are not shared, and what
 * was told cannot be ended. The first that starts leaves a hash that tells nothing of the key.
 */
async function checkKey(ledger: Pick<Ledger, "rememberFirst">, vault: Pick<Vault, "identity">): Promise<void> {
  const name = "encryption key";
  const ours = vault.identity("ledger", name);
  if ((await ledger.rememberFirst(name, ours)) !== ours)
    throw new Error("it was written with another `ledger.encryptionKey` (of a list, the last counts)");
}

/** @throws OperatorError where it cannot be read or made, or is no key */
function openKeyFile(path: string): KeyFile {
  try {
    return keyFile(path);
  } catch (error) {
    throw new OperatorError(`Cannot use the ledger's key file ${path}: ${systemReason(error)}.`, { cause: error });
  }
}

/** The configured keys; else the one beside the file, which is made at the first start. */
export function keysOf({ ledger }: Pick<Config, "ledger">, log: Logger): readonly [Buffer, ...Buffer[]] {
  const [first, ...others] = ledger.keys;
  if (first !== undefined) return [first, ...others];
  if (ledger.kind === "postgres") throw new OperatorError("PostgreSQL needs `ledger.encryptionKey`");
  if (ledger.path === ":memory:") return [randomBytes(32)];
  const old = existsSync(ledger.path);
  const { key, made } = openKeyFile(`${ledger.path}.key`);
  if (made && old) {
    log.warn(
      { ledger: ledger.path },
      "the ledger's key file was missing and a new one was made: what was told before cannot be resolved until the old one is back",
    );
  }
  return [key];
}
