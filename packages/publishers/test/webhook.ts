import { parseTarget, type Target } from "@tocsin/core";
import { webhookTargetType } from "../src/webhook/target-type.ts";

export const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A valid target, for tests. */
export function webhookTargetOf(input: object = {}): Target {
  const written = { name: "hook", type: "webhook", url: "https://hooks.example.com/tocsin", ...input };
  const parsed = parseTarget(written, { types: [webhookTargetType], readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}
