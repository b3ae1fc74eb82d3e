import type { AttemptReason } from "@tocsin/core";

/**
 * Reads PagerDuty's REST API: https://developer.pagerduty.com/docs/rest-api-overview. It changes nothing there. Each method
 * makes a bounded number of requests, never rejects, and never waits for a limit: a failure says how long to wait.
 */
export interface PagerDutyRest {
  /** The keys of all alerts of an incident, whatever their status. They are the dedup keys of the events that opened them. */
  incidentAlertKeys(incident: string, signal?: AbortSignal): Promise<RestResult<readonly string[]>>;
  /** The alerts of an incident. With `key`, only the alerts that have it. */
  incidentAlerts(
    incident: string,
    options?: { readonly key?: string; readonly signal?: AbortSignal | undefined },
  ): Promise<RestResult<readonly RestAlert[]>>;
  /**
   * The newest open incident that has an open alert with this key, else, if `resolved` is true, the newest one that ended. Null:
   * there is none. An empty key is refused without a request, because PagerDuty would return all open incidents for it.
   */
  findIncident(
    dedupKey: string,
    options?: { readonly resolved?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<RestResult<RestIncident | null>>;
  /** One page of the open incidents, oldest first. Pages end at PagerDuty's limit of 10,000 incidents. */
  openIncidents(page?: {
    readonly offset?: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<RestResult<RestPage>>;
}

export type RestStatus = "triggered" | "acknowledged" | "resolved";

export interface RestIncident {
  readonly id: string;
  readonly status: RestStatus;
  readonly service?: string;
  /** By PagerDuty's clock, ms since epoch. */
  readonly createdAtMs?: number;
  /** When its status changed last, by PagerDuty's clock. */
  readonly changedAtMs?: number;
  /** The name of the person who changed its status last. Absent: no person did. */
  readonly changedBy?: string;
}

export interface RestAlert {
  readonly key: string;
  readonly status: "triggered" | "resolved";
  readonly suppressed: boolean;
}

export interface RestPage {
  readonly incidents: readonly RestIncident[];
  /** Null: this was the last page. */
  readonly nextOffset: number | null;
  /** There are more incidents than PagerDuty lists. */
  readonly truncated: boolean;
}

export type RestResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: RestFailure };

export interface RestFailure {
  /** `auth`: PagerDuty refuses the token. `invalid`: the answer or the question is. `rate_limited`: wait. */
  readonly reason: AttemptReason | "not_found";
  /** Our own words; the answer's text is never in it. */
  readonly detail: string;
  /** Status of the answer. Absent: the failure is not a status, for example our own limit of calls. */
  readonly status?: number;
  /** Send nothing before this time has passed. Present only if the reason is `rate_limited`. */
  readonly retryAfterMs?: number;
}
