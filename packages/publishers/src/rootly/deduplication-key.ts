import { createHash } from "node:crypto";

/** Texts that a database returns unchanged: no control characters, no blanks at the ends. */
const plain = /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u;

/**
 * The deduplication key for Rootly. Alerts are found by it again, so it must come back unchanged: a key that
 * might change is replaced by its SHA-256.
 */
export const deduplicationKey = (key: string): string =>
  plain.test(key) ? key : createHash("sha256").update(key).digest("hex");
