import type { Image, Link, Severity } from "./event.ts";

/** Input of `trigger`. Texts are cut to PagerDuty's limits, never refused for their length. */
export interface TriggerInput {
  /**
   * Names the alert. Another trigger with the same key adds to the open alert; `acknowledge` and `resolve` need it.
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
  /** The problem, in one line. */
  summary: string;
  /** The affected system: a host, a URL, a cluster. */
  source: string;
  severity: Severity;
  /** The time at which the problem was found; a text in ISO 8601. @default the time of receipt by PagerDuty */
  timestamp?: Date | string | undefined;
  component?: string | undefined;
  group?: string | undefined;
  class?: string | undefined;
  /** Any value that JSON can express. */
  customDetails?: Readonly<Record<string, unknown>> | undefined;
}

export interface AcknowledgeInput {
  dedupKey: string;
}

export interface ResolveInput {
  dedupKey: string;
}

/** Input of `change`. */
export interface ChangeInput {
  payload: {
    summary: string;
    source?: string | undefined;
    /** @default the time of receipt by PagerDuty */
    timestamp?: Date | string | undefined;
    customDetails?: Readonly<Record<string, unknown>> | undefined;
  };
  links?: readonly Link[] | undefined;
}

/** Input of `send` for an alert: the input of the method with the name of the action. */
export type AlertInput =
  | ({ action: "trigger" } & TriggerInput)
  | ({ action: "acknowledge" } & AcknowledgeInput)
  | ({ action: "resolve" } & ResolveInput);

/** Input of `send`. */
export type EventInput = AlertInput | ({ action: "change" } & ChangeInput);
