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

/** Returns the sources of changes with their secrets. */
export function changeSourcesIn(sources: ChangeSourceSettings, secrets: Secrets): ChangeSource[] {
  return sources.map(({ secrets: inputs, auth = "bearer", header, prefix, encoding, ...rest }, index) => {
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
