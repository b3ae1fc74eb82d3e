import { type Issue, Secret, type SecretInput } from "@tocsin/core";
import type { ChangeSourceSettings } from "./change-source-settings.ts";
import { isStandardWebhookSecret, standardWebhookProblem } from "./standard-webhook-verifier.ts";
import { blankProblem } from "./token-verifier.ts";

type Written = ChangeSourceSettings[number];

/** The settings of one source of changes, with its secrets and defaults. */
export interface ChangeSource extends Pick<Written, "name" | "type" | "filters" | "labels" | "template"> {
  /** At least one. */
  readonly secrets: readonly Secret[];
  readonly auth: "hmac" | "bearer";
  readonly header: string;
  readonly prefix: string;
  readonly encoding: "hex" | "base64";
}

/** Reads secrets and collects their issues. */
interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/**
 * Returns the sources of changes with their secrets.
 *
 * @param senders the tokens and client certificates. The name of a sender is the scope of the ids of its changes
 */
export function changeSourcesIn(
  sources: ChangeSourceSettings,
  secrets: Secrets,
  senders: readonly { readonly name: string }[] = [],
): ChangeSource[] {
  const names = new Set(senders.map(({ name }) => name));
  return sources.map(({ secrets: inputs, auth = "bearer", header, prefix, encoding, ...rest }, index) => {
    if (names.has(rest.name))
      secrets.issues.push({ path: `changes.sources[${index}].name`, message: "a token or client has this name too" });
    const values = inputs.map((input, n) => {
      const path = `changes.sources[${index}].secrets[${n}]`;
      const value = secrets.value(input, path);
      const message = value === "" ? undefined : problemOf(value, rest.type, auth);
      if (message !== undefined) secrets.issues.push({ path, message });
      return new Secret(value);
    });
    return {
      ...rest,
      secrets: values,
      auth,
      header: header ?? "X-Signature",
      prefix: prefix ?? "",
      encoding: encoding ?? "hex",
    };
  });
}

/** Returns why no request could have this secret. */
function problemOf(secret: string, type: Written["type"], auth: ChangeSource["auth"]): string | undefined {
  if (type === "gitlab" && isStandardWebhookSecret(secret)) return standardWebhookProblem(secret);
  return type === "argocd" || (type === "generic" && auth === "bearer") ? blankProblem(secret) : undefined;
}
