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
  /** As `LedgerKeys`. */
  readonly isNewKey: boolean;
  /** Another replica says that something is due. */
  readonly wake: () => void;
  /** Takes changes of state that operators are told of. */
  readonly report: (changes: readonly StateChange[]) => void;
}

/** @throws OperatorError where it cannot be opened */
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
 * A ledger belongs to its key: with another one, credentials have other names, so that limits are not kept, and open incidents
 * cannot be resolved. The first start leaves a hash that tells nothing about the key. Where the key file was lost, the new one
 * is added, and the old one is still accepted when it comes back.
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
      ? "it was written with another `ledger.encryptionKey` (of a list, the last counts)"
      : "it was written with another key than the one in its key file; restore that file from a backup",
  );
}

export interface LedgerKeys {
  /** The first encrypts, all decrypt. */
  readonly keys: readonly [Buffer, ...Buffer[]];
  /** The key file was missing, and the key was made at this start. */
  readonly isNewKey: boolean;
  /** So the credentials of incidents that were opened before cannot be read. */
  readonly isLost?: boolean;
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
