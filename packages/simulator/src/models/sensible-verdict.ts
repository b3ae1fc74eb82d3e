import type { QuotedAlert } from "./quoted-alert.ts";

/** What the stand-in answers. Fields of a bad answer may have any type. */
export interface ModelVerdict {
  readonly severity: string;
  readonly confidence: number;
  readonly reasoning: string;
  readonly recommendations: readonly string[];
  readonly category: string;
}

const words: readonly (readonly [severity: string, category: string, pattern: RegExp])[] = [
  ["critical", "availability", /\b(?:down|outage|unreachable|data ?loss|crash\w*)\b|crashloop|down$/i],
  ["error", "failure", /\b(?:fail\w*|errors?|oom\w*|expired)\b|failed|errors$/i],
  ["warning", "capacity", /\b(?:disk|memory|cpu|latency|slow|high|full|filling|lag)\b|high|latency/i],
  ["noise", "test", /\b(?:test|watchdog|heartbeat|drill)\b/i],
];

const known = new Set(["critical", "error", "warning", "info"]);

/** A verdict as a model that understands alerts may give it: by the label `severity`, else by words of the alert. */
export function sensibleVerdict({ labels, annotations }: QuotedAlert): ModelVerdict {
  const { alertname = "alert", severity = "" } = labels;
  const text = `${alertname} ${annotations["summary"] ?? ""} ${annotations["description"] ?? ""}`;
  const [found, category] = words.find(([, , pattern]) => pattern.test(text)) ?? ["info", "other"];
  return {
    severity: known.has(severity) ? severity : found,
    confidence: 0.9,
    reasoning: `The alert ${alertname} reads like a problem of ${category}.`,
    recommendations: ["Look at the dashboard of the service.", "Compare with the last change."],
    category,
  };
}
