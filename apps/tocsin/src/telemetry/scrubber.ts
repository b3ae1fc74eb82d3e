const redacted = "[secret]";

/** Shorter ones would hit words of every line; the shortest credential that we know has 32 characters. */
const shortestSecret = 6;

/** Far more than a process has at a time; rotated ones stay known for a while, since told incidents keep their key. */
const mostSecrets = 5_000;

/**
 * Takes known secrets out of finished lines. At the sink and by value, since redaction by path misses what is nested
 * deeper, spelled in another case, or quoted in an error's message. One alternation costs the same for 10 secrets and
 * for 1,000.
 */
export class Scrubber {
  /** By age of the last mention, oldest first. */
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  learn(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (secret.length < shortestSecret) continue;
      this.#secrets.delete(secret);
      this.#secrets.add(secret);
    }
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= mostSecrets) break;
      this.#secrets.delete(oldest);
    }
    const spelled = new Set([...this.#secrets].flatMap(spellings));
    // The longest first: of two secrets that begin alike, the end of the longer one must not stay.
    const alternatives = [...spelled].toSorted((a, b) => b.length - a.length).map(escape);
    this.#pattern = alternatives.length === 0 ? undefined : new RegExp(alternatives.join("|"), "g");
  }

  scrub(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, redacted);
  }
}

/** As it is, inside JSON, and inside a URL. */
const spellings = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret.toWellFormed()),
];

/** `RegExp.escape` came with Node 24. */
const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
