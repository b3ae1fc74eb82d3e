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
    const buckets = Array.from({ length: bucketCount }, (_, index) => this.#read(bucketName(index)));
    return (await Promise.all(buckets)).flat();
  }

  /** Returns the newest stored states of these workloads. @throws LedgerUnavailable */
  async reload(uids: Iterable<string>): Promise<Map<string, KnownWorkload>> {
    const wanted = new Set(uids);
    const buckets = Array.from(new Set(Array.from(wanted, bucketOf)), (name) => this.#read(name));
    const stored = (await Promise.all(buckets)).flat();
    return new Map(stored.filter(({ uid }) => wanted.has(uid)).map((one) => [one.uid, one]));
  }

  /** Stores these states; undefined removes one. Leaves all other workloads as they are. @throws LedgerUnavailable */
  async save(states: ReadonlyMap<string, KnownWorkload | undefined>): Promise<void> {
    // The ledger takes all buckets of one tick in one commit.
    const byBucket = Map.groupBy(states, ([uid]) => bucketOf(uid));
    await Promise.all(Array.from(byBucket, ([name, some]) => this.#saveBucket(name, some)));
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

  async #saveBucket(
    name: string,
    states: readonly (readonly [uid: string, state: KnownWorkload | undefined])[],
  ): Promise<void> {
    const stored = await this.#read(name);
    const bucket = new Map(stored.map((one) => [one.uid, one]));
    for (const [uid, state] of states) {
      if (state === undefined) bucket.delete(uid);
      else bucket.set(uid, state);
    }
    const text = JSON.stringify([...bucket.values()]);
    if (text !== JSON.stringify(stored)) await this.#ledger.putValue(name, this.#vault.seal(text));
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
