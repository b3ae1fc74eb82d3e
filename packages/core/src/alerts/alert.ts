import type { Change } from "../changes/change.ts";
import type { Labels } from "./labels.ts";

export type AlertStatus = "firing" | "resolved";

/**
 * One problem as a source reports it, independent of the source's format. Status and end belong to the claim (see claim.ts):
 * several sources may report the same alert and disagree.
 */
export interface Alert {
  /** Identity: 16 lower-case hex digits from Prometheus and Alertmanager; other webhooks may send any text. */
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Wall clock, ms since epoch, as the source sent it. */
  readonly startsAtMs: number;
  readonly generatorURL?: string;
  /** Links to pages and images that Grafana adds to an alert; Alertmanager sends none. */
  readonly dashboardURL?: string;
  readonly panelURL?: string;
  readonly silenceURL?: string;
  readonly imageURL?: string;
  /** The measured values as Grafana writes them, such as `[ var='A' value=3 ]`. */
  readonly valueString?: string;
  /** Only in the alert that carries a change through the ledger (`alertOfChange`). No sender can set it. */
  readonly change?: Change;
}

/** An alert about something that happened, not about a problem that lasts: sent once when it fires, never resolved. */
export const isChangeEvent = (alert: Alert): boolean => alert.labels["change_event"] === "true";

export const alertName = (alert: Alert): string => alert.labels["alertname"] ?? "alert";
