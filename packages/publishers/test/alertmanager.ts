import { parseTarget, type Target } from "@tocsin/core";
import { alertmanagerTarget } from "../src/alertmanager/target-type.ts";

/** A valid target, for tests. */
export function alertmanagerTargetOf(input: object = {}): Target {
  const written = { name: "upstream", type: "alertmanager", url: "https://alertmanager.example.com", ...input };
  const parsed = parseTarget(written, { types: [alertmanagerTarget], readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}
