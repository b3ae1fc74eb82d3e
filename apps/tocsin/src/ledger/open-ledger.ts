import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { Ledger, StateChange } from "@tocsin/core";
import { openPostgresLedger, openSqliteLedger } from "@tocsin/engine";
import { type Config, ledgerName } from "../config/config.ts";
import { type KeyFile, keyFile } from "../config/key-file.ts";
import { OperatorError, systemReason } from "../config/operator-error.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { CredentialVault } from "./credential-vault.ts";

export interface LedgerSurroundings {
  readonly vault: Pick<CredentialVault, "identity">;
  /** See `LedgerKeys`. */
  readonly isNewKey: boolean;
  /** Called when another replica reports due incidents. */
  readonly wake: () => void;
  /** Receives the state changes that are logged for operators. */
  readonly report: (changes: readonly StateChange[]) => void;
}

/** @throws OperatorError when the ledger cannot be opened */
export async function openLedger(
  { ledger: place, delivery }: Pick<Config, "ledger" | "delivery">,
  { vault, isNewKey, wake, report }: LedgerSurroundings,
): Promise<Ledger> {
  try {
    const ledger =
      place.kind === "sqlite"
        ? await openSqliteLedger({ path: place.path, settings: delivery, report })
        : await openPostgresLedger({ server: place.server, settings: delivery, wake, report });
    try {
      await checkKey(ledger, { vault, isNewKey, isConfigured: place.keys.length > 0 });
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

/** OpenSSL's error codes; the messages of Node give advice about Node only. */
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
    ? "the server's certificate is not signed by a trusted authority; name its authority in `ledger.tls.ca`"
    : error.message;

/**
 * Checks that the ledger was written with our key. With another key, credentials would get other identities, so that limits
 * would be lost, and open incidents could not be resolved. The first start stores a hash that reveals nothing of the key. If
 * the key file was lost, the hash of the new key is added, and the old key is still accepted when its file is restored.
 */
async function checkKey(
  ledger: Pick<Ledger, "putValueIfAbsent" | "putValue">,
  {
    vault,
    isNewKey,
    isConfigured,
  }: Pick<LedgerSurroundings, "vault" | "isNewKey"> & { readonly isConfigured: boolean },
): Promise<void> {
  const name = "encryption key";
  const ours = vault.identity("ledger", name);
  const known = (await ledger.putValueIfAbsent(name, ours)).split(" ");
  if (known.includes(ours)) return;
  if (isNewKey) return ledger.putValue(name, [...known, ours].join(" "));
  throw new Error(
    isConfigured
      ? "it was written with another `ledger.encryptionKey`: configure the key that it was written with; in a list, put that key last"
      : "it was written with another key than the one in its key file; restore that file from a backup",
  );
}

export interface LedgerKeys {
  /** The first key encrypts, all keys decrypt. */
  readonly keys: readonly [Buffer, ...Buffer[]];
  /** The key file was missing, and a key was created at this start. */
  readonly isNewKey: boolean;
  /** The ledger is older than the new key: credentials of incidents that were opened before cannot be read. */
  readonly isLost?: boolean;
}

/** @throws OperatorError when the file cannot be read or created, or holds no key */
function openKeyFile(path: string): KeyFile {
  try {
    return keyFile(path);
  } catch (error) {
    throw new OperatorError(`Cannot use the ledger's key file ${path}: ${systemReason(error)}.`, { cause: error });
  }
}

/** Returns the configured keys; without any, the key in the file beside the ledger, which is created at the first start. */
export function keysOf({ ledger }: Pick<Config, "ledger">, log: Logger): LedgerKeys {
  const [first, ...others] = ledger.keys;
  if (first !== undefined) return { keys: [first, ...others], isNewKey: false };
  if (ledger.kind === "postgres") throw new OperatorError("PostgreSQL needs `ledger.encryptionKey`");
  if (ledger.path === ":memory:") return { keys: [randomBytes(32)], isNewKey: true };
  const old = existsSync(ledger.path);
  const { key, made } = openKeyFile(`${ledger.path}.key`);
  if (made && old) {
    log.warn(
      { event: "ledger_key_lost", ledger: ledger.path },
      `The ledger's key file was missing, so a new one was made. Resolves of incidents that were opened before wait with the reason orphaned_key: restore ${ledger.path}.key from a backup and restart`,
    );
  }
  return { keys: [key], isNewKey: made, isLost: made && old };
}
