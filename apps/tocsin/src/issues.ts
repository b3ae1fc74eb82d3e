import type { Issue } from "@tocsin/core";
import type { z } from "zod";

type Path = readonly PropertyKey[];

/** An issue whose place is still in steps, to be put into words or looked up in a text. */
export interface Located {
  readonly path: Path;
  readonly message: string;
}

/** `targets[2].labels["a b"]`: as one would write it in code, so that it can be found. */
export function formatPath(path: Path, root = ""): string {
  let text = root;
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(String(step))) text += text === "" ? String(step) : `.${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}

/** Every issue in our own words. The value itself is never repeated: it may be a secret. */
export function issuesOf(error: z.ZodError, root = ""): Issue[] {
  return located(error).map(({ path, message }) => ({ path: formatPath(path, root), message }));
}

export function located(error: z.ZodError): Located[] {
  return error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: "unknown key" }))
      : [{ path: issue.path, message: describe(issue) }],
  );
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `expected ${named[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue.code === "invalid_value")
    return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  return issue.message;
}

const named: Partial<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  object: "an object",
  record: "an object",
};
