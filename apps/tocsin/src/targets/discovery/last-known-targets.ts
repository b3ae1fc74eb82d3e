import { createHash } from "node:crypto";
import type { Ledger } from "@tocsin/core";
import type { Vault } from "../../ledger/credential-vault.ts";
import type { WrittenTarget } from "../target-definition.ts";
import type { Discovery } from "./discovery.ts";

/** Names one discovery, over restarts. */
type Named = Pick<Discovery, "source" | "where">;

/**
 * The last good set of each discovery, in the ledger and encrypted: what is in force when the place cannot be reached at
 * our start, and for targets that broke while we were away.
 */
export class LastGood {
  readonly #ledger: Pick<Ledger, "putValue" | "getValue">;
  readonly #vault: Pick<Vault, "seal" | "open">;
  /** Hash of what was kept last, by discovery, to keep nothing twice. */
  readonly #kept = new Map<string, string>();

  constructor(ledger: Pick<Ledger, "putValue" | "getValue">, vault: Pick<Vault, "seal" | "open">) {
    this.#ledger = ledger;
    this.#vault = vault;
  }

  /** Undefined: nothing was kept, or it was encrypted with a key that is gone. */
  async recall(discovery: Named): Promise<readonly WrittenTarget[] | undefined> {
    const sealed = await this.#ledger.getValue(nameOf(discovery));
    const json = sealed === undefined ? undefined : this.#vault.open(sealed);
    if (json === undefined) return undefined;
    this.#kept.set(nameOf(discovery), hashOf(json));
    return JSON.parse(json) as readonly WrittenTarget[];
  }

  /** @throws LedgerUnavailable */
  async keep(discovery: Named, targets: readonly WrittenTarget[]): Promise<void> {
    const json = JSON.stringify(targets);
    const hash = hashOf(json);
    if (hash === this.#kept.get(nameOf(discovery))) return;
    await this.#ledger.putValue(nameOf(discovery), this.#vault.seal(json));
    this.#kept.set(nameOf(discovery), hash);
  }
}

const hashOf = (json: string): string => createHash("sha256").update(json).digest("base64");

const nameOf = ({ source, where }: Named): string => `targets/${source}/${where}`;
