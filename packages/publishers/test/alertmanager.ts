import { parseTarget, type Target } from "@tocsin/core";
import { alertmanagerTargetType } from "../src/alertmanager/target-type.ts";

/** A valid target, for tests. */
export function alertmanagerTargetOf(input: object = {}): Target {
  const written = { name: "upstream", type: "alertmanager", url: "https://alertmanager.example.com", ...input };
  const parsed = parseTarget(written, { types: [alertmanagerTargetType], readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}
