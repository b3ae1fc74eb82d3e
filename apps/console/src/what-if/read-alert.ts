import { readJson } from "./read-json.ts";

/** The alert that a person typed, or why it is none. */
export type ReadAlert = { readonly alert: unknown } | { readonly problem: string };

/** Accepts an alert, or a whole webhook with one alert. */
export function readAlert(text: string): ReadAlert {
  const read = readJson(text);
  if ("problem" in read) return read;
  const { value } = read;
  if (isFlatLabels(value)) return { problem: 'Put the labels below "labels": {"labels": {"alertname": "DiskFull"}}' };
  const { alerts } = (value ?? {}) as { readonly alerts?: unknown };
  if (!Array.isArray(alerts)) return { alert: value };
  return alerts.length === 1
    ? { alert: alerts[0] as unknown }
    : { problem: `This webhook has ${alerts.length} alerts. Paste one of them.` };
}

/** Labels without the alert around them. */
function isFlatLabels(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value) || "labels" in value) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((one) => typeof one === "string");
}
