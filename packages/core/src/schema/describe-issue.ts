import type { z } from "zod";
import { nearest } from "./nearest.ts";

/*
 * Describes issues in our own words: no operator sees the messages of the schema library. A schema can give a more exact
 * message of its own, and that message wins.
 */

type RawIssue = z.core.$ZodRawIssue;

/** The message of every kind of issue that the schema library knows. */
export function describeIssue(issue: RawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `${issue.input === undefined ? "required; " : ""}expected ${kinds[issue.expected] ?? `a ${issue.expected}`}`;
    case "invalid_value":
      return `expected ${oneOf(issue.values.map(quoted))}`;
    case "too_small":
      return isEmpty(issue) ? "must not be empty" : `must ${bound(issue, issue.minimum, "at least", "more than")}`;
    case "too_big":
      return `must ${bound(issue, issue.maximum, "at most", "less than")}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return ofFormat(issue);
    case "invalid_union":
      return ofUnion(issue);
    case "invalid_key":
      return `is not allowed as a key: ${issue.issues[0]?.message ?? "expected another name"}`;
    case "invalid_element":
      return `holds a wrong value: ${issue.issues[0]?.message ?? "expected another one"}`;
    case "unrecognized_keys":
      return `unknown key${issue.keys.length === 1 ? "" : "s"}: ${issue.keys.join(", ")}`;
    case "custom":
      return "is not valid";
    default:
      return `is not valid (${(issue as { readonly code: string }).code})`;
  }
}

/** Names the key that the user most likely meant; otherwise lists all known keys if there are few. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined) return `unknown key; did you mean "${meant}"?`;
  const isShort = known.length > 0 && known.length <= maxListedKeys;
  return isShort ? `unknown key; expected ${oneOf(known.map(quoted))}` : "unknown key";
}

const maxListedKeys = 12;

const kinds: Partial<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  nan: "no number",
  never: "nothing here",
  null: "null",
  object: "an object",
  record: "an object",
  string: "a text",
  undefined: "nothing here",
  void: "nothing here",
};

const one: Partial<Record<string, string>> = {
  bytes: "byte",
  characters: "character",
  entries: "entry",
  items: "item",
};

const units: Partial<Record<string, string>> = {
  array: "items",
  file: "bytes",
  map: "entries",
  set: "items",
  string: "characters",
};

const formats: Partial<Record<string, string>> = {
  url: 'expected a URL such as "https://tocsin.example.com"',
  email: 'expected an e-mail address such as "oncall@example.com"',
};

function ofFormat(issue: RawIssue & { code: "invalid_format" }): string {
  const { format, pattern, prefix, suffix, includes } = issue as typeof issue & Partial<Record<string, string>>;
  if (prefix !== undefined) return `must begin with ${quoted(prefix)}`;
  if (suffix !== undefined) return `must end with ${quoted(suffix)}`;
  if (includes !== undefined) return `must contain ${quoted(includes)}`;
  return formats[format] ?? (pattern ? `must match ${pattern}` : `expected a valid ${format}`);
}

const isEmpty = ({ origin, minimum }: RawIssue & { code: "too_small" }): boolean =>
  Number(minimum) === 1 && origin === "string";

type Size = RawIssue & ({ code: "too_small" } | { code: "too_big" });

function bound({ origin, inclusive, exact }: Size, limit: number | bigint, orEqual: string, strictly: string): string {
  const unit = units[origin];
  const how = exact ? "exactly" : inclusive === false ? strictly : orEqual;
  const shown = origin === "date" ? new Date(Number(limit)).toISOString() : String(limit);
  if (unit === undefined) return `be ${how} ${shown}`;
  return `have ${how} ${shown} ${shown === "1" ? one[unit] : unit}`;
}

/** Shows the issue of the alternative that fits best, or lists what all alternatives expect. */
function ofUnion(issue: RawIssue & { code: "invalid_union" }): string {
  if (issue.discriminator !== undefined) return "expected another value";
  const first = (issue.errors ?? []).flatMap(([earliest]) => earliest ?? []);
  const inner = first.find(({ path }) => path.length > 0);
  if (inner) return `${inner.path.join(".")}: ${inner.message}`;
  const expected = first.map(({ message }) => message.replace(/^(required; )?expected /, ""));
  return expected.length === 0 ? "is not valid" : `expected ${oneOf([...new Set(expected)])}`;
}

const quoted = (value: z.core.util.Primitive): string =>
  typeof value === "string" ? JSON.stringify(value) : String(value);

/** `a, b or c`. */
function oneOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "another value";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
