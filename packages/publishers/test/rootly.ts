import { parseTarget, type Target } from "@tocsin/core";
import { rootlyTargetType } from "../src/rootly/target-type.ts";

export const apiKey = "rootly_0123456789abcdef0123456789abcdef";

export const onCall = [{ type: "EscalationPolicy", id: "b1c2d3e4-0000-4000-a000-000000000001" }];

/** A valid target, for tests: it pages an escalation policy. */
export function rootlyTargetOf(input: object = {}): Target {
  const written = { name: "oncall", type: "rootly", api_key: apiKey, notification_targets: onCall, ...input };
  const parsed = parseTarget(written, { types: [rootlyTargetType], readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}
