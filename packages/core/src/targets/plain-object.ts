import { formatPath, type Issue } from "../schema/issue.ts";

export type PlainObject = Readonly<Record<string, unknown>>;

export const isPlainObject = (value: unknown): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Limits above the needs of any real target. YAML anchors can make a cycle. */
const max = { depth: 16, values: 10_000, characters: 1_000_000 };

/**
 * Issues that make untrusted data unfit for further checks: it is not an object, it has a key `__proto__` (which the schema
 * library would silently drop, even a filter on a label of that name), or it is nested too deeply or too large.
 */
export function shapeIssues(input: unknown): Issue[] {
  if (!isPlainObject(input)) return [{ path: "", message: "expected an object with the keys of a target" }];
  const issues: Issue[] = [];
  let values = 0;
  let characters = 0;

  function look(value: unknown, keys: readonly PropertyKey[]): void {
    if (typeof value === "string") characters += value.length;
    if (++values > max.values || characters > max.characters || typeof value !== "object" || value === null) return;
    if (keys.length > max.depth) {
      issues.push({ path: formatPath(keys), message: `nested more than ${max.depth} levels deep` });
      return;
    }
    if (Array.isArray(value)) return value.forEach((item, i) => look(item, [...keys, i]));
    for (const key of Object.keys(value)) {
      if (key === "__proto__") issues.push({ path: formatPath([...keys, key]), message: "this key is not allowed" });
      else look((value as PlainObject)[key], [...keys, key]);
    }
  }

  look(input, []);
  if (values > max.values) issues.push({ path: "", message: `more than ${max.values} values` });
  if (characters > max.characters) issues.push({ path: "", message: `more than ${max.characters} characters` });
  return issues;
}
