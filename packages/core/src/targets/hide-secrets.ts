import { minRedactedLength } from "../schema/secret.ts";
import type { Issue } from "../schema/issue.ts";
import { isPlainObject, type PlainObject } from "./plain-object.ts";

/** Texts like a routing key, at any place where a user put one by mistake, even joined to other text. */
const keyLike = /[0-9A-Za-z]{32,}/g;

/**
 * Makes sure that no issue shows a credential, not even one that was written as a key's name. It replaces the values that the
 * input has at places for secrets, and all texts that look like a routing key.
 *
 * @param keys the keys that expect a credential
 * @param siblingEntries other entries of the same Kubernetes Secret, whose values are hidden too
 */
export function hideSecrets(
  input: PlainObject,
  keys: readonly string[],
  siblingEntries: Readonly<Record<string, string>> = {},
): (issue: Issue) => Issue {
  const headers = isPlainObject(input["headers"]) ? Object.values(input["headers"]) : [];
  const tls = isPlainObject(input["tls"]) ? Object.values(input["tls"]) : [];
  const secrets = [...headers, ...tls, ...keys.flatMap((key) => input[key]), ...Object.values(siblingEntries)]
    .filter((value) => typeof value === "string")
    .flatMap((value) => [value, value.trim(), value.replace(/^Bearer\s+/i, "").trim()])
    .filter((value) => value.length >= minRedactedLength);
  const hide = (text: string) =>
    secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "[secret]"), text).replace(keyLike, "[secret]");
  return ({ path, message }) => ({ path: hide(path), message: hide(message) });
}
