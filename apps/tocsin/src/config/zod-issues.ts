import type { z } from "zod";

/** An issue whose place is still in steps, to be put into words or looked up in a text. */
export interface Located {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What zod found, in our own words. The value itself is never repeated: it may be a secret. */
export function located(error: z.ZodError): Located[] {
  return error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: "unknown key" }))
      : [{ path: issue.path, message: describe(issue) }],
  );
}

function describe(issue: z.core.$ZodIssue): string {
  // A message of zod's own begins so; any other was given by a schema and says it better.
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? issue.message;
  if (issue.code === "invalid_type") return `expected ${named[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue.code === "invalid_value")
    return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  if (issue.code === "too_small" && issue.origin === "string" && issue.minimum === 1) return "must not be empty";
  if (issue.code === "too_small") return `must not be less than ${issue.minimum}${unit[issue.origin] ?? ""}`;
  if (issue.code === "too_big") return `must not be more than ${issue.maximum}${unit[issue.origin] ?? ""}`;
  return issue.message;
}

const named: Partial<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  object: "an object",
  record: "an object",
};

const unit: Partial<Record<string, string>> = { string: " characters", array: " items" };
