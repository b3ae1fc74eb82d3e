import { createHash } from "node:crypto";
import type { Ledger } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import type { TargetDefinition } from "../target-definition.ts";
import type { Discovery } from "./discovery.ts";

/** Identifies one discovery across restarts. */
type Named = Pick<Discovery, "source" | "where">;

/**
 * Keeps the last known targets of each discovery in the ledger, encrypted. They are used when the place cannot be reached at
 * the start, and for targets that broke while the service was down.
 */
export class LastKnownTargets {
  readonly #ledger: Pick<Ledger, "putValue" | "getValue">;
  readonly #vault: Pick<CredentialVault, "seal" | "open">;
  /** By discovery: hash of the set that was saved last, so that an unchanged set is not written again. */
  readonly #kept = new Map<string, string>();

  constructor(ledger: Pick<Ledger, "putValue" | "getValue">, vault: Pick<CredentialVault, "seal" | "open">) {
    this.#ledger = ledger;
    this.#vault = vault;
  }

  /** Undefined: nothing was saved, or the key that encrypted it is gone. */
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
