import { createHash } from "node:crypto";
import type { Ledger } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import type { TargetDefinition } from "../target-definition.ts";
import type { Discovery } from "./discovery.ts";

/** Names one discovery, over restarts. */
type Named = Pick<Discovery, "source" | "where">;

/**
 * The last good set of each discovery, in the ledger and encrypted: what is in force when the place cannot be reached at
 * our start, and for targets that broke while we were away.
 */
export class LastKnownTargets {
  readonly #ledger: Pick<Ledger, "putValue" | "getValue">;
  readonly #vault: Pick<CredentialVault, "seal" | "open">;
  /** Hash of what was kept last, by discovery, to keep nothing twice. */
  readonly #kept = new Map<string, string>();

  constructor(ledger: Pick<Ledger, "putValue" | "getValue">, vault: Pick<CredentialVault, "seal" | "open">) {
    this.#ledger = ledger;
    this.#vault = vault;
  }

  /** Undefined: nothing was kept, or it was encrypted with a key that is gone. */
  async load(discovery: Named): Promise<readonly TargetDefinition[] | undefined> {
    const sealed = await this.#ledger.getValue(nameOf(discovery));
    const json = sealed === undefined ? undefined : this.#vault.open(sealed);
    if (json === undefined) return undefined;
    this.#kept.set(nameOf(discovery), hashOf(json));
    return JSON.parse(json) as readonly TargetDefinition[];
  }

  /** @throws LedgerUnavailable */
  async save(discovery: Named, targets: readonly TargetDefinition[]): Promise<void> {
    const json = JSON.stringify(targets);
    const hash = hashOf(json);
    if (hash === this.#kept.get(nameOf(discovery))) return;
    await this.#ledger.putValue(nameOf(discovery), this.#vault.seal(json));
    this.#kept.set(nameOf(discovery), hash);
  }
}

const hashOf = (json: string): string => createHash("sha256").update(json).digest("base64");

const nameOf = ({ source, where }: Named): string => `targets/${source}/${where}`;
