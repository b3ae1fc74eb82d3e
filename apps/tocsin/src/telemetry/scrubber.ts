import { Redactor } from "@tocsin/http";

/**
 * Removes known secrets from finished log lines. It works at the output and by value, because redaction by path misses values
 * that are nested deeper, spelled differently, or quoted in an error message. A line costs about a microsecond, whatever the
 * number of secrets.
 */
export class Scrubber {
  /** Ordered by the time when they were last learned, oldest first. */
  readonly #secrets = new Set<string>();
  readonly #maxSecrets: number;
  #redactor = new Redactor();

  /**
   * @param maxSecrets Maximum number of known secrets, far more than a process has at a time. Rotated secrets are kept for a
   * while, because open incidents still use their key.
   */
  constructor(maxSecrets = 5_000) {
    this.#maxSecrets = maxSecrets;
  }

  learn(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (!this.#secrets.delete(secret)) this.#redactor.add([secret]);
      this.#secrets.add(secret);
    }
    if (this.#secrets.size <= this.#maxSecrets) return;
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= this.#maxSecrets) break;
      this.#secrets.delete(oldest);
    }
    this.#redactor = new Redactor(this.#secrets);
  }

  scrub(text: string): string {
    return this.#redactor.redact(text);
  }
}
