import { createHash } from "node:crypto";

/**
 * The text that is shown instead of a credential: the first 16 hex digits of its SHA-256. A routing key has about
 * 190 bits, so a key cannot be found from its hash.
 * @example hashKey("e93facc04764012d7bfb002500d5d1a6") // "47746dbfe444aaf2"
 */
export const hashKey = (credential: string): string =>
  createHash("sha256").update(credential).digest("hex").slice(0, 16);

/** Caches hashes: there are few credentials and many requests. */
export class KeyHasher {
  readonly #known = new Map<string, string>();

  hash(credential: string): string {
    let hash = this.#known.get(credential);
    if (hash !== undefined) return hash;
    hash = hashKey(credential);
    if (this.#known.size >= 10_000) this.#known.clear();
    this.#known.set(credential, hash);
    return hash;
  }
}

/** The credentials that a receiver accepts. Until some are set, it accepts every well-formed one. */
export class KnownCredentials {
  #known: ReadonlySet<string> | undefined;

  name(hashes: Iterable<string> | undefined): void {
    this.#known = hashes === undefined ? undefined : new Set(hashes);
  }

  has(hash: string): boolean {
    return this.#known === undefined || this.#known.has(hash);
  }

  get list(): readonly string[] | undefined {
    return this.#known === undefined ? undefined : [...this.#known];
  }
}
