export type Labels = Readonly<Record<string, string>>;
export type AlertStatus = "firing" | "resolved";

/**
 * What a source says about one problem, whatever its format was. Status and end are the claim's (see claim.ts): several
 * sources may speak of the same alert and disagree.
 */
export interface Alert {
  /** Identity: 16 lower-case hex digits from Prometheus and Alertmanager, taken as given from webhooks. */
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Wall clock, ms since epoch, as the source said it. */
  readonly startsAtMs: number;
  readonly generatorURL?: string;
  /** Pages and pictures that Grafana adds to an alert; absent from Alertmanager's. */
  readonly dashboardURL?: string;
  readonly panelURL?: string;
  readonly silenceURL?: string;
  readonly imageURL?: string;
  /** Grafana's readings in words, such as `[ var='A' value=3 ]`. */
  readonly valueString?: string;
}

/** An alert that says what happened, not what is wrong: told once when it fires, never ended. */
export const isChangeEvent = (alert: Alert): boolean => alert.labels["change_event"] === "true";

export const alertName = (alert: Alert): string => alert.labels["alertname"] ?? "alert";
