/** PagerDuty's four severities are Tocsin's own: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export const severities = ["critical", "error", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

/** 0 is the most severe. */
export const severityRank = (severity: Severity): number => severities.indexOf(severity);

export const moreSevere = (a: Severity, b: Severity): Severity => (severityRank(a) <= severityRank(b) ? a : b);

const synonyms: Record<Severity, string> = {
  critical: "critical page p1 fatal emergency",
  error: "error high major p2",
  warning: "warning warn medium minor p3",
  info: "info low none notice debug p4 p5",
};

const severityOf = new Map(
  severities.flatMap((severity) => synonyms[severity].split(" ").map((word) => [word, severity] as const)),
);

/** The severity that a label's text means, in any case; undefined when nobody agreed on that word. */
export const parseSeverity = (text: string): Severity | undefined => severityOf.get(text.trim().toLowerCase());
