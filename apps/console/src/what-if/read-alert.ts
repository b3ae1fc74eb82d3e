/** The alert that a person typed, or why it is none. */
export type ReadAlert = { readonly alert: unknown } | { readonly problem: string };

/** Accepts an alert, or a whole webhook with one alert. */
export function readAlert(text: string): ReadAlert {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `This is not JSON: ${(error as Error).message}` };
  }
  const { alerts } = (value ?? {}) as { readonly alerts?: unknown };
  if (!Array.isArray(alerts)) return { alert: value };
  return alerts.length === 1
    ? { alert: alerts[0] as unknown }
    : { problem: `This webhook has ${alerts.length} alerts. Paste one of them.` };
}
