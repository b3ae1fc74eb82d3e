import type { z } from "zod";
import { describeIssue, unknownKey } from "./describe-issue.ts";
import { nearest } from "./nearest.ts";
import { isSecretAt, keysOf, schemasAt } from "./schemas-at.ts";

/** One mistake in the user's input: its place, and how to fix it. Never contains a credential. */
export interface Issue {
  /** Such as `targets[2].timeout`; empty for the whole input. */
  readonly path: string;
  readonly message: string;
}

/** Formats a path as the user would write it: `["targets", 2, "timeout"]` → `targets[2].timeout`. */
export function formatPath(keys: readonly PropertyKey[], start = ""): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === "number") return `${path}[${key}]`;
    const name = String(key);
    if (!/^[\w-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
    return path === "" ? name : `${path}.${name}`;
  }, start);
}

export type Checked<Out> =
  | { readonly data: Out }
  /** `keys`: the top-level keys of the input that have issues. */
  | { readonly issues: readonly Issue[]; readonly keys: ReadonlySet<string> };

/**
 * Checks a user's input against a schema. Each issue says what was expected and what was found, unless that may be a secret. Each
 * unknown key is an issue with its own path.
 */
export function checkInput<Out>(schema: z.ZodType<Out>, input: unknown): Checked<Out> {
  const checked = schema.safeParse(input, { error: describeIssue });
  if (checked.success) return { data: checked.data };
  const { issues } = checked.error;
  const keys = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
  );
  return { issues: issues.flatMap((issue) => issuesOf(issue, schema, input)), keys: new Set(keys) };
}

function issuesOf(issue: z.core.$ZodIssue, schema: z.ZodType, input: unknown): Issue[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = keysOf(schemasAt(schema, path));
    return issue.keys.map((key) => ({
      path: formatPath([...path, key]),
      message: unknownKey(key, known),
    }));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path: formatPath(path), message }));
  const value = valueAt(input, path);
  const found = lacksFound(issue, value) ? foundAt(path, value, schema) : undefined;
  // "found a text" tells nothing new if a text was expected.
  const isNews = found !== hiddenText || /^invalid_(type|union|value)$/.test(issue.code);
  const message =
    found === undefined || !isNews ? issue.message : `${issue.message}; found ${found}${hint(issue, value, found)}`;
  return [{ path: formatPath(path), message }];
}

/** All other messages are complete without the value. */
const lacksFound = ({ message }: z.core.$ZodIssue, value: unknown): boolean =>
  message.startsWith("expected ") || (/^must (?!not be empty)/.test(message) && typeof value !== "boolean");

/** Suggests a correction. `found` is the value as it may be shown. */
function hint(issue: z.core.$ZodIssue, value: unknown, found: string): string {
  if (issue.code === "invalid_type" && issue.expected === "string" && /^(number|boolean)$/.test(typeof value))
    return ". Write it in quotes";
  if (issue.code !== "invalid_value" || typeof value !== "string" || found !== JSON.stringify(value)) return "";
  const meant = nearest(
    value,
    issue.values.filter((one) => typeof one === "string"),
  );
  return meant === undefined ? "" : `. Did you mean "${meant}"?`;
}

/** Shows a value if it is short and cannot be a secret, otherwise only its kind. Undefined: the user wrote no value. */
function foundAt(path: readonly PropertyKey[], value: unknown, schema: z.ZodType): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  const isSecret = isSecretAt(schema, path) || secretNames.test(String(path.at(-1) ?? ""));
  if (typeof value === "string") return !isSecret && isShowable(value) ? JSON.stringify(value) : hiddenText;
  const isPlain = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  return isSecret || !isPlain ? `a ${typeof value}` : String(value);
}

const hiddenText = "a text";

const secretNames = /key|token|secret|password|credential|url/i;

/** A text may be shown if it is short, has no control characters, and is neither a URL (it may hold a password) nor like a key. */
const isShowable = (text: string): boolean => text.length <= 40 && !/\p{C}|[@?=]|:\/\/|[\w-]{20,}/u.test(text);

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  );
