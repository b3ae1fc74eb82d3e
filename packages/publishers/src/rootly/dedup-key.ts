import { createHash } from "node:crypto";

/** Texts that come back from a database as they went in: no control characters, no blanks at the ends. */
const plain = /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u;

/**
 * The deduplication key as Rootly keeps it. An alert is found by it again, so it must come back unchanged: a key that
 * might not is told by its SHA-256.
 */
export const deduplicationKey = (key: string): string =>
  plain.test(key) ? key : createHash("sha256").update(key).digest("hex");
