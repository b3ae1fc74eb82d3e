import type { Severity } from "./event.ts";

const words: Record<Severity, string> = {
  critical: "critical page p1 fatal emergency",
  error: "error high major p2",
  warning: "warning warn medium minor p3",
  info: "info low none notice debug p4 p5",
};

const severities = new Map(
  Object.entries(words).flatMap(([severity, list]) =>
    list.split(" ").map((word) => [word, severity as Severity] as const),
  ),
);

/**
 * Maps the severity words that monitoring systems use to PagerDuty's four, in any case, with or without blanks around.
 *
 * @returns `undefined` for a word that nobody agreed on, so that the caller's default decides.
 * @example
 * toSeverity("P1"); // "critical"
 * toSeverity("Warn") ?? "error"; // "warning"
 */
export function toSeverity(text: string): Severity | undefined {
  return severities.get(text) ?? severities.get(text.trim().toLowerCase());
}
