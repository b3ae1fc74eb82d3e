import { formatPath, type Issue } from "../schema/issue.ts";

export type PlainObject = Readonly<Record<string, unknown>>;

export const isPlainObject = (value: unknown): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** More than any real target needs; YAML anchors can make a cycle. */
const most = { depth: 16, values: 10_000, characters: 1_000_000 };

/**
 * What makes untrusted data unfit to be looked at: no object, a key `__proto__` (which readers drop without a word, a
 * filter on it included), nested or large without end.
 */
export function shapeIssues(input: unknown): Issue[] {
  if (!isPlainObject(input)) return [{ path: "", message: "expected an object with the keys of a target" }];
  const issues: Issue[] = [];
  let values = 0;
  let characters = 0;

  function look(value: unknown, keys: readonly PropertyKey[]): void {
    if (typeof value === "string") characters += value.length;
    if (++values > most.values || characters > most.characters || typeof value !== "object" || value === null) return;
    if (keys.length > most.depth) {
      issues.push({ path: formatPath(keys), message: `nested more than ${most.depth} levels deep` });
      return;
    }
    if (Array.isArray(value)) return value.forEach((item, i) => look(item, [...keys, i]));
    for (const key of Object.keys(value)) {
      if (key === "__proto__") issues.push({ path: formatPath([...keys, key]), message: "this key is not allowed" });
      else look((value as PlainObject)[key], [...keys, key]);
    }
  }

  look(input, []);
  if (values > most.values) issues.push({ path: "", message: `more than ${most.values} values` });
  if (characters > most.characters) issues.push({ path: "", message: `more than ${most.characters} characters` });
  return issues;
}
