import { createHash } from "node:crypto";
import type { Ledger } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import type { KnownWorkload } from "./known-workload.ts";

/** Version of the stored form. Another version is not read, and its workloads count as never seen. */
const format = "v1";

/** Names of the texts in which workloads are stored. One change writes one text: some 40 KB at 5,000 workloads. */
const bucketCount = 256;

const scopesName = `rollouts/${format}/scopes`;

/**
 * Keeps the state of all workloads in the ledger, for restarts and for other replicas. It is encrypted: hashes of short values of
 * environment variables could be guessed.
 *
 * Replicas write the same texts without a lock. A lost write costs nothing: the id of a change follows from the workload, so a
 * change that is found twice is recorded once.
 */
export class KnownWorkloads {
  readonly #ledger: Pick<Ledger, "putValue" | "getValue">;
  readonly #vault: Pick<CredentialVault, "seal" | "open">;

  constructor(ledger: Pick<Ledger, "putValue" | "getValue">, vault: Pick<CredentialVault, "seal" | "open">) {
    this.#ledger = ledger;
    this.#vault = vault;
  }

  /** Returns all workloads. @throws LedgerUnavailable */
  async load(): Promise<KnownWorkload[]> {
    const buckets = Array.from({ length: bucketCount }, (_, index) => bucketName(index));
    const stored: KnownWorkload[] = [];
    for (const name of buckets) stored.push(...(await this.#read(name)));
    return stored;
  }

  /** Returns the newest stored states of these workloads. @throws LedgerUnavailable */
  async reload(uids: Iterable<string>): Promise<Map<string, KnownWorkload>> {
    const wanted = new Set(uids);
    const found = new Map<string, KnownWorkload>();
    for (const name of new Set(Array.from(wanted, bucketOf)))
      for (const one of await this.#read(name)) if (wanted.has(one.uid)) found.set(one.uid, one);
    return found;
  }

  /** Stores these states; undefined removes one. Leaves all other workloads as they are. @throws LedgerUnavailable */
  async save(states: ReadonlyMap<string, KnownWorkload | undefined>): Promise<void> {
    const byBucket = Map.groupBy(states, ([uid]) => bucketOf(uid));
    for (const [name, some] of byBucket) {
      const stored = await this.#read(name);
      const bucket = new Map(stored.map((one) => [one.uid, one]));
      for (const [uid, state] of some)
        if (state === undefined) bucket.delete(uid);
        else bucket.set(uid, state);
      const text = JSON.stringify([...bucket.values()]);
      if (text !== JSON.stringify(stored)) await this.#ledger.putValue(name, this.#vault.seal(text));
    }
  }

  /** The collections that were listed completely before: a workload that is new there was created since. @throws LedgerUnavailable */
  async scopes(): Promise<string[]> {
    return (await this.#open(scopesName)) as string[];
  }

  /** @throws LedgerUnavailable */
  async saveScopes(scopes: readonly string[]): Promise<void> {
    // It is encrypted so that the loss of the key also loses it: else every workload would seem to be created.
    await this.#ledger.putValue(scopesName, this.#vault.seal(JSON.stringify(scopes)));
  }

  async #read(name: string): Promise<KnownWorkload[]> {
    return (await this.#open(name)) as KnownWorkload[];
  }

  /** Returns the list that is stored under a name; an empty one if there is none, or its key is gone. */
  async #open(name: string): Promise<unknown[]> {
    const sealed = await this.#ledger.getValue(name);
    const text = sealed === undefined ? undefined : this.#vault.open(sealed);
    return text === undefined ? [] : (JSON.parse(text) as unknown[]);
  }
}

const bucketName = (index: number): string => `rollouts/${format}/${index}`;

const bucketOf = (uid: string): string => bucketName((createHash("sha256").update(uid).digest()[0] ?? 0) % bucketCount);
