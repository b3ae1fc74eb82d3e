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

/** A schema's complaints as issues, each unknown key with its own path. */
export function issuesOf(error: z.core.$ZodError, start = ""): Issue[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path;
    if (issue.code !== "unrecognized_keys") return [{ path: formatPath(path, start), message: issue.message }];
    return issue.keys.map((key) => ({ path: formatPath([...path, key], start), message: "unknown key" }));
  });
}
