import type { z } from "zod";

/** One thing that the user wrote wrong: where, and what to do about it. Never holds a credential. */
export interface Issue {
  /** Such as `targets[2].timeout`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** A path as the user would write it: `["targets", 2, "timeout"]` → `targets[2].timeout`. */
export function formatPath(keys: readonly PropertyKey[], start = ""): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === "number") return `${path}[${key}]`;
    const name = String(key);
    if (!/^[\w-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
    return path === "" ? name : `${path}.${name}`;
  }, start);
}

/** A schema's complaints as issues: each unknown key with its own path, each bad key of a record with its reason. */
export function issuesOf(error: z.core.$ZodError, start = ""): Issue[] {
  return error.issues.flatMap((issue) => {
    const at = (message: string, ...more: PropertyKey[]) => ({
      path: formatPath([...issue.path, ...more], start),
      message,
    });
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => at("unknown key", key));
    if (issue.code === "invalid_key") return issue.issues.map(({ message }) => at(message));
    return [at(issue.message)];
  });
}
