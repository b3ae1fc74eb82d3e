import type { Secret } from "@tocsin/core";
import type { Reply, Sender, TlsSettings } from "@tocsin/http";
import { type Answer, isSuccess, networkReason, retryAfterMs } from "../../shared/classify-response.ts";
import { CallBudget } from "./call-budget.ts";
import type { PagerDutyRest, RestAlert, RestFailure, RestIncident, RestPage, RestResult } from "./pagerduty-rest.ts";
import { isRestId, type ListPage, readAlert, readIncident, readList } from "./read-incident.ts";

export interface RestClientOptions {
  /** Origin of the API. */
  readonly url: string;
  readonly token: Secret;
  /** Further headers, for a proxy: names and values in turn. */
  readonly headers?: readonly string[];
  readonly tls?: TlsSettings | undefined;
  readonly timeoutMs: number;
  readonly transport: Pick<Sender, "get">;
  readonly version: string;
  /** Wall clock, ms since epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** Calls in a minute. @default 240, a quarter of what PagerDuty accepts for an account */
  readonly perMinute?: number | undefined;
}

/** PagerDuty's maximum for a page. */
const incidentsPerPage = 100;

/** An alert contains its event, which may have 512 kB. */
const alertsPerPage = 25;

const maxBytes = 16 * 1024 * 1024;

/** An incident may have 1,000 alerts: https://support.pagerduty.com/docs/intelligent-alert-grouping. */
const maxAlertPages = 40;

/** PagerDuty lists no incidents beyond this offset. */
const maxOffset = 10_000;

/** Incidents of one key that are looked at: the newest ones. */
const maxCandidates = 10;

/** Opens a reader of the REST API with one token. */
export function restClient(options: RestClientOptions): PagerDutyRest {
  return new RestClient(options);
}

class RestClient implements PagerDutyRest {
  readonly #o: RestClientOptions;
  readonly #now: () => number;
  readonly #budget: CallBudget;
  readonly #headers: readonly string[];

  constructor(options: RestClientOptions) {
    this.#o = options;
    this.#now = options.now ?? Date.now;
    this.#budget = new CallBudget(options.perMinute ?? 240);
    this.#headers = [
      "accept",
      "application/vnd.pagerduty+json;version=2",
      "user-agent",
      `Tocsin/${options.version}`,
      ...(options.headers ?? []),
      "authorization",
      `Token token=${options.token.reveal()}`,
    ];
  }

  async incidentAlertKeys(incident: string, signal?: AbortSignal): Promise<RestResult<readonly string[]>> {
    const alerts = await this.incidentAlerts(incident, { signal });
    return alerts.ok ? { ok: true, value: [...new Set(alerts.value.map(({ key }) => key))] } : alerts;
  }

  async incidentAlerts(
    incident: string,
    { key, signal }: { readonly key?: string; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RestResult<readonly RestAlert[]>> {
    if (!isRestId(incident)) return failed("invalid", "this is no number of an incident");
    const alerts: RestAlert[] = [];
    for (let page = 0; page < maxAlertPages; page++) {
      const query = new URLSearchParams({ limit: String(alertsPerPage), offset: String(page * alertsPerPage) });
      if (key !== undefined) query.set("alert_key", key);
      const list = await this.#list(`/incidents/${incident}/alerts`, query, "alerts", signal);
      if (!list.ok) return list;
      const read = list.value.documents.flatMap((document) => readAlert(document) ?? []);
      // Never believe the filter of the other end.
      alerts.push(...(key === undefined ? read : read.filter((alert) => alert.key === key)));
      if (!list.value.more) return { ok: true, value: alerts };
    }
    return failed("invalid", `the incident has more than ${maxAlertPages * alertsPerPage} alerts`);
  }

  async findIncident(
    dedupKey: string,
    { resolved = false, signal }: { readonly resolved?: boolean; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RestResult<RestIncident | null>> {
    if (dedupKey.trim() === "") return failed("invalid", "an empty key would find all incidents");
    const open = await this.#findAmong(dedupKey, ["triggered", "acknowledged"], signal);
    if (!open.ok || open.value !== null || !resolved) return open;
    return this.#findAmong(dedupKey, ["resolved"], signal);
  }

  async #findAmong(
    dedupKey: string,
    statuses: readonly RestIncident["status"][],
    signal: AbortSignal | undefined,
  ): Promise<RestResult<RestIncident | null>> {
    const query = new URLSearchParams({
      incident_key: dedupKey,
      date_range: "all",
      limit: String(maxCandidates),
      sort_by: "created_at:desc",
    });
    for (const status of statuses) query.append("statuses[]", status);
    const list = await this.#list("/incidents", query, "incidents", signal);
    if (!list.ok) return list;
    for (const incident of list.value.documents.flatMap((document) => readIncident(document) ?? [])) {
      if (!statuses.includes(incident.status)) continue;
      const alerts = await this.incidentAlerts(incident.id, { key: dedupKey, signal });
      if (!alerts.ok) return alerts;
      // In a group, our alert may have ended while others keep the incident open.
      const isOpen = alerts.value.some(({ status }) => status === "triggered");
      if (incident.status === "resolved" ? alerts.value.length > 0 : isOpen) return { ok: true, value: incident };
    }
    return { ok: true, value: null };
  }

  async openIncidents({
    offset = 0,
    signal,
  }: {
    readonly offset?: number;
    readonly signal?: AbortSignal | undefined;
  } = {}): Promise<RestResult<RestPage>> {
    const query = new URLSearchParams({
      date_range: "all",
      limit: String(incidentsPerPage),
      offset: String(offset),
      sort_by: "created_at:asc",
    });
    for (const status of ["triggered", "acknowledged"]) query.append("statuses[]", status);
    const list = await this.#list("/incidents", query, "incidents", signal);
    if (!list.ok) return list;
    const { documents, more } = list.value;
    const incidents = documents.flatMap((document) => readIncident(document) ?? []);
    const next = offset + incidentsPerPage;
    const truncated = more && next >= maxOffset;
    return { ok: true, value: { incidents, nextOffset: more && !truncated ? next : null, truncated } };
  }

  async #list(
    path: string,
    query: URLSearchParams,
    name: "incidents" | "alerts",
    signal: AbortSignal | undefined,
  ): Promise<RestResult<ListPage>> {
    const nowMs = this.#now();
    const waitMs = this.#budget.take(nowMs);
    if (waitMs > 0) return failed("rate_limited", "waits for the limit of REST calls", { retryAfterMs: waitMs });
    const { transport, url, tls, timeoutMs } = this.#o;
    const address = { origin: new URL(url).origin, path: `${path}?${query.toString()}`, ...(tls && { tls }) };
    const reply = await transport.get({ address, headers: this.#headers, maxBytes, timeoutMs, signal });
    if (reply.kind !== "answered") return { ok: false, failure: unansweredFailure(reply) };
    if (!isSuccess(reply.status)) return this.#refused(reply);
    const list = readList(reply.body, name);
    return list === undefined ? failed("invalid", `the answer has no list of ${name}`) : { ok: true, value: list };
  }

  #refused(reply: Answer): { readonly ok: false; readonly failure: RestFailure } {
    const { status } = reply;
    if (status === 429) {
      const nowMs = this.#now();
      const waitMs = this.#budget.close(nowMs, retryAfterMs(reply, nowMs));
      return failed("rate_limited", "HTTP 429", { status, retryAfterMs: waitMs });
    }
    return failed(reasonOf(status), `HTTP ${status}`, { status });
  }
}

/** https://developer.pagerduty.com/docs/errors: 402 means that the plan of the account lacks the ability. */
function reasonOf(status: number): RestFailure["reason"] {
  if (status === 401 || status === 402 || status === 403 || status === 407) return "auth";
  if (status === 404) return "not_found";
  return status >= 400 && status < 500 && status !== 408 ? "invalid" : "server";
}

function unansweredFailure(reply: Exclude<Reply, Answer>): RestFailure {
  if (reply.kind === "failed") return { reason: networkReason(reply.reason), detail: reply.detail };
  return reply.timeout
    ? { reason: "timeout", detail: "no answer in time" }
    : { reason: "interrupted", detail: "stopped before the answer" };
}

const failed = (
  reason: RestFailure["reason"],
  detail: string,
  more: Pick<RestFailure, "status" | "retryAfterMs"> = {},
): { readonly ok: false; readonly failure: RestFailure } => ({
  ok: false,
  failure: { reason, detail, ...more },
});
