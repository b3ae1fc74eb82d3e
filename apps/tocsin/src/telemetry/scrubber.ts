import { Redactor } from "@tocsin/http";

/** Far more than a process has at a time; rotated ones stay known for a while, since open incidents keep their key. */
const maxSecrets = 5_000;

/**
 * Removes known secrets from finished log lines. At the sink and by value, since redaction by path misses what is nested
 * deeper, spelled differently, or quoted in an error's message. A line costs about a microsecond, whatever the number of secrets.
 */
export class Scrubber {
  /** Oldest first, by when they were last learned. */
  readonly #secrets = new Set<string>();
  #redactor = new Redactor();

  learn(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (!this.#secrets.delete(secret)) this.#redactor.add([secret]);
      this.#secrets.add(secret);
    }
    if (this.#secrets.size <= maxSecrets) return;
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= maxSecrets) break;
      this.#secrets.delete(oldest);
    }
    this.#redactor = new Redactor(this.#secrets);
  }

  scrub(text: string): string {
    return this.#redactor.redact(text);
  }
}
