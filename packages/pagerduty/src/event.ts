/**
 * The bodies of the Events API v2, exactly as they are sent.
 * https://developer.pagerduty.com/docs/events-api-v2-overview
 */

/** Lower case only: PagerDuty refuses `Critical`. `critical` and `error` are high urgency, `warning` and `info` low. */
export type Severity = "critical" | "error" | "warning" | "info";

/** Body of `POST /v2/enqueue`: one event of one alert. */
export type AlertEvent = TriggerEvent | AcknowledgeEvent | ResolveEvent;

/** Opens an alert, or adds to the open one with the same `dedup_key`. */
export interface TriggerEvent {
  /** 32 alphanumeric characters. It is the only credential, so the whole body is a secret. */
  routing_key: string;
  event_action: "trigger";
  /** At most 255 characters, case-sensitive. Absent or blank: PagerDuty makes one and returns it. */
  dedup_key?: string | undefined;
  payload: Payload;
  links?: readonly Link[] | undefined;
  images?: readonly Image[] | undefined;
  /** Name of the monitoring system that sends the event. */
  client?: string | undefined;
  client_url?: string | undefined;
}

/** Dropped by PagerDuty (still with 202) when no alert with this key is open. */
export interface AcknowledgeEvent {
  routing_key: string;
  event_action: "acknowledge";
  dedup_key: string;
}

/** Dropped by PagerDuty (still with 202) when no alert with this key is open. */
export interface ResolveEvent {
  routing_key: string;
  event_action: "resolve";
  dedup_key: string;
}

/** Body of `POST /v2/change/enqueue`. It never notifies and has no lifecycle, hence no key and no severity. */
export interface ChangeEvent {
  routing_key: string;
  payload: ChangePayload;
  links?: readonly Link[] | undefined;
}

export interface Payload {
  /** At most 1,024 code points; the title of the alert. */
  summary: string;
  /** Host name or other unique place of the affected system. */
  source: string;
  severity: Severity;
  /** ISO 8601. Absent: the time of receipt. */
  timestamp?: string | undefined;
  component?: string | undefined;
  group?: string | undefined;
  class?: string | undefined;
  custom_details?: Readonly<Record<string, unknown>> | undefined;
}

export interface ChangePayload {
  /** At most 1,024 code points. */
  summary: string;
  source?: string | undefined;
  /** ISO 8601. Absent: the time of receipt. */
  timestamp?: string | undefined;
  custom_details?: Readonly<Record<string, unknown>> | undefined;
}

export interface Link {
  href: string;
  text?: string | undefined;
}

export interface Image {
  /** Must be served over HTTPS. */
  src: string;
  /** The page that a click on the image opens. */
  href?: string | undefined;
  alt?: string | undefined;
}
