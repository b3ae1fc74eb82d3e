import type { Image, Link, Severity } from "./event.ts";

/** What `trigger` takes. Texts are fitted to PagerDuty's limits, never refused for their length. */
export interface TriggerInput {
  /**
   * Which alert this is. The same key again adds to the open alert; `acknowledge` and `resolve` need it.
   * @default a random UUID, which the answer returns
   */
  dedupKey?: string | undefined;
  payload: TriggerPayload;
  /** Shown with the alert; those that are not http(s) URLs are dropped. */
  links?: readonly Link[] | undefined;
  /** Shown with the alert; `http:` ones become links. */
  images?: readonly Image[] | undefined;
  /** Name of the monitoring system that sends the event. @default the client's option */
  client?: string | undefined;
  /** @default the client's option */
  clientUrl?: string | undefined;
}

export interface TriggerPayload {
  /** What is wrong, in a line. */
  summary: string;
  /** What is affected: a host, a URL, a cluster. */
  source: string;
  severity: Severity;
  /** When it was found; text as in ISO 8601. @default the time PagerDuty receives it */
  timestamp?: Date | string | undefined;
  component?: string | undefined;
  group?: string | undefined;
  class?: string | undefined;
  /** Anything that is JSON. */
  customDetails?: Readonly<Record<string, unknown>> | undefined;
}

export interface AcknowledgeInput {
  dedupKey: string;
}

export interface ResolveInput {
  dedupKey: string;
}

/** What `change` takes. */
export interface ChangeInput {
  payload: {
    summary: string;
    source?: string | undefined;
    /** @default the time PagerDuty receives it */
    timestamp?: Date | string | undefined;
    customDetails?: Readonly<Record<string, unknown>> | undefined;
  };
  links?: readonly Link[] | undefined;
}

/** What `send` takes for an alert: the input of the method that its action names. */
export type AlertInput =
  | ({ action: "trigger" } & TriggerInput)
  | ({ action: "acknowledge" } & AcknowledgeInput)
  | ({ action: "resolve" } & ResolveInput);

/** What `send` takes. */
export type EventInput = AlertInput | ({ action: "change" } & ChangeInput);
