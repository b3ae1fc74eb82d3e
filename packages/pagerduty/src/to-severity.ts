import type { Severity } from "./event.ts";

const words: Record<Severity, string> = {
  critical: "critical page fatal emergency disaster blocker p1 sev1 sev-1",
  error: "error high major p2 sev2 sev-2",
  warning: "warning warn medium minor p3 sev3 sev-3",
  info: "info low none notice debug p4 p5 sev4 sev5 sev-4 sev-5",
};

const severities = new Map(
  Object.entries(words).flatMap(([severity, list]) =>
    list.split(" ").map((word) => [word, severity as Severity] as const),
  ),
);

/**
 * Maps the severity words that monitoring systems use to PagerDuty's four, in any case, with or without blanks around.
 *
 * @returns `undefined` for an unknown word, so that the caller can choose a default
 * @example
 * toSeverity("P1"); // "critical"
 * toSeverity("Warn") ?? "error"; // "warning"
 */
export function toSeverity(text: string): Severity | undefined {
  return severities.get(text) ?? severities.get(text.trim().toLowerCase());
}
