import { createHash } from "node:crypto";

/** A longer identity is replaced by its SHA-256, characters. */
const maxIdLength = 200;

/**
 * Returns the id of a change from the parts that identify it. Parts are names of repositories, references, ids, times and states,
 * so that a colon separates them.
 */
export function changeId(...parts: readonly string[]): string {
  const id = parts.join(":");
  return id.length <= maxIdLength ? id : createHash("sha256").update(id).digest("hex");
}
