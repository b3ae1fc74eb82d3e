import type { z } from "zod";

/** By definition, because `describe` and wrappers make copies of a schema with the same definition. */
const planned = new WeakMap<object, readonly string[] | "all others">();

/**
 * Marks keys of a strict object that a later version will have. They are refused like unknown keys, but the message says so. They
 * are not in the JSON Schema, nor suggested for a typo.
 *
 * @param keys `all others`: every key that the object does not have
 */
export function notYet<Schema extends z.ZodType>(schema: Schema, keys: readonly string[] | "all others"): Schema {
  planned.set(schema.def, keys);
  return schema;
}

export const notAvailable = "not available in this version";

export function isNotYet({ def }: z.ZodType, key: string): boolean {
  const keys = planned.get(def);
  return keys === "all others" || keys?.includes(key) === true;
}
