import type { Issue } from "../schema/issue.ts";
import { isPlainObject, type PlainObject } from "./plain-object.ts";

/** Old names of keys that earlier targets use, and their new names. */
const aliases = { target: ["filter_config", "filters"], filters: ["namespaces", "namespace"] } as const;

export interface Renamed {
  readonly fields: PlainObject;
  readonly issues: readonly Issue[];
  /** Changes an issue's path to the name that the user wrote. */
  readonly asWritten: (issue: Issue) => Issue;
}

/** Reads `filter_config` as `filters`, and `namespaces` in it as `namespace`. Using both names at once is an issue. */
export function readAliases(input: PlainObject): Renamed {
  const issues: Issue[] = [];
  const names = new Map<string, string>();
  const fields = rename(input, aliases.target, "");
  if (isPlainObject(fields["filters"])) {
    const filters = rename(fields["filters"], aliases.filters, "filters.");
    return { fields: { ...fields, filters }, issues, asWritten };
  }
  return { fields, issues, asWritten };

  function rename(object: PlainObject, [old, now]: readonly [string, string], path: string): PlainObject {
    if (!(old in object)) return object;
    if (now in object) issues.push({ path: path + old, message: `is the older name of ${now}; use one of them` });
    else names.set(path + now, path + old);
    return Object.fromEntries(
      Object.entries(object).flatMap(([key, value]) =>
        key === old ? (now in object ? [] : [[now, value]]) : [[key, value]],
      ),
    );
  }

  function asWritten(issue: Issue): Issue {
    let { path } = issue;
    // The inner name comes first, because its path was stored with the new name of the outer one.
    for (const [now, old] of [...names].toReversed()) {
      if (path === now || path.startsWith(`${now}.`) || path.startsWith(`${now}[`)) path = old + path.slice(now.length);
    }
    return { ...issue, path };
  }
}
