import { minRedactedLength } from "../schema/secret.ts";
import type { Issue } from "../schema/issue.ts";
import { isPlainObject, type PlainObject } from "./plain-object.ts";

/** A routing key, wherever somebody put it by mistake, also stuck to something else. */
const keyLike = /[0-9A-Za-z]{32,}/g;

/**
 * Makes sure that no issue shows a credential, not even one that was written as a key's name: replaces whatever stands in
 * a secret's place in the input, and whatever looks like a routing key.
 *
 * @param keys those that expect a credential
 */
export function hideSecrets(
  input: PlainObject,
  keys: readonly string[],
  beside: Readonly<Record<string, string>> = {},
): (issue: Issue) => Issue {
  const headers = isPlainObject(input["headers"]) ? Object.values(input["headers"]) : [];
  const secrets = [...headers, ...keys.flatMap((key) => input[key]), ...Object.values(beside)]
    .filter((value) => typeof value === "string")
    .flatMap((value) => [value, value.trim(), value.replace(/^Bearer\s+/i, "").trim()])
    .filter((value) => value.length >= minRedactedLength);
  const hide = (text: string) =>
    secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "[secret]"), text).replace(keyLike, "[secret]");
  return ({ path, message }) => ({ path: hide(path), message: hide(message) });
}
