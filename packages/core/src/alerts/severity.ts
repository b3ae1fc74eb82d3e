/** Tocsin uses PagerDuty's four severities: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export const severities = ["critical", "error", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

/** 0 is the most severe. */
export const severityRank = (severity: Severity): number => severities.indexOf(severity);

export const moreSevere = (a: Severity, b: Severity): Severity => (severityRank(a) <= severityRank(b) ? a : b);

const synonyms: Record<Severity, string> = {
  critical: "critical page fatal emergency disaster blocker p1 sev1 sev-1",
  error: "error high major p2 sev2 sev-2",
  warning: "warning warn medium minor p3 sev3 sev-3",
  info: "info low none notice debug p4 p5 sev4 sev5 sev-4 sev-5",
};

const severityOf = new Map(
  severities.flatMap((severity) => synonyms[severity].split(" ").map((word) => [word, severity] as const)),
);

/**
 * One target's own severity words (`severity_map`), normalized by `normalizeWord`. They take precedence over the common words.
 */
export type SeverityMap = ReadonlyMap<string, Severity>;

/** The severity that a label's text means, upper or lower case; undefined if the word is unknown. */
export function parseSeverity(text: string, map?: SeverityMap): Severity | undefined {
  const word = normalizeWord(text);
  return map?.get(word) ?? severityOf.get(word);
}

export const normalizeWord = (text: string): string => text.trim().toLowerCase();

/** Labels that state a severity, the most reliable first. A label counts only if those before it are absent or unknown. */
const severityLabels = ["severity", "priority", "urgency"];

/** The severity that an alert's labels state; undefined: no label states a known one. */
export function labelSeverity(label: (name: string) => string, map?: SeverityMap): Severity | undefined {
  for (const name of severityLabels) {
    const severity = parseSeverity(label(name), map);
    if (severity !== undefined) return severity;
  }
  return undefined;
}
