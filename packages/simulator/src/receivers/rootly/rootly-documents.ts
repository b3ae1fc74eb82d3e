import type { SimulatorAnswer, Served, Violation } from "../../server/exchange.ts";
import type { Incident } from "../../state/incident-store.ts";
import { isRecord } from "../../server/json-body.ts";

export const mediaType = "application/vnd.api+json";

export const document = (status: number, value: unknown): SimulatorAnswer => ({
  status,
  headers: { "content-type": mediaType },
  body: JSON.stringify(value),
});

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  415: "Unsupported Media Type",
  422: "Unprocessable Entity",
};

/** Rootly's errors: a list, statuses as strings. */
export const refuse = (status: number, violations: readonly Violation[]): Served => ({
  answer: document(status, {
    errors: violations.map(({ field, reason }) => ({
      title: titles[status] ?? "Error",
      status: String(status),
      code: null,
      detail: reason.includes(field) ? reason : `${field}: ${reason}`,
    })),
  }),
  violations,
});

/** Only the 429 answer has another shape. */
export const throttled = (): SimulatorAnswer => ({
  status: 429,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: "Rate limit exceeded. Try again later." }),
});

export const notFound = (): Served => refuse(404, [{ field: "path", reason: "Resource not found" }]);

/** The state that the log of an incident adds up to. */
export const attributesOf = (incident: Incident): Record<string, unknown> =>
  Object.assign({}, ...incident.log.map((entry) => entry.details ?? {})) as Record<string, unknown>;

/** An alert without anyone to page is `open`, not `triggered`. */
export function alertStatus(incident: Incident): "open" | "triggered" | "acknowledged" | "resolved" {
  if (incident.status !== "triggered") return incident.status;
  const { status, notification_target_id: one, notification_targets: several } = attributesOf(incident);
  if (status === "open") return "open";
  const isPaging = status === "triggered" || typeof one === "string" || Array.isArray(several);
  return isPaging ? "triggered" : "open";
}

const iso = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString());

const updatedAtMs = (incident: Incident): number => incident.log.at(-1)?.atMs ?? incident.openedAtMs;

export function alertResource(incident: Incident) {
  const { status: _, notification_targets: __, ...attributes } = attributesOf(incident);
  return {
    id: incident.id,
    type: "alerts",
    attributes: {
      ...attributes,
      short_id: incident.id.slice(-6),
      source: "api",
      status: alertStatus(incident),
      summary: incident.summary,
      url: `https://rootly.invalid/alerts/${incident.id}`,
      started_at: attributes["started_at"] ?? iso(incident.openedAtMs),
      ended_at: iso(incident.resolvedAtMs),
      created_at: iso(incident.openedAtMs),
      updated_at: iso(updatedAtMs(incident)),
    },
  };
}

export function incidentResource(incident: Incident) {
  const attributes = attributesOf(incident);
  return {
    id: incident.id,
    type: "incidents",
    attributes: {
      ...attributes,
      title: incident.summary,
      sequential_id: incident.number,
      slug: incident.id.toLowerCase(),
      status: attributes["status"] ?? "started",
      created_at: iso(incident.openedAtMs),
      updated_at: iso(updatedAtMs(incident)),
    },
  };
}

/** One page of a list, by `page[number]` and `page[size]`, with the cursor for `page[after]`. */
export function page(resources: readonly { readonly id: string }[], query: URLSearchParams) {
  const size = Math.min(100, Math.max(1, Number(query.get("page[size]") ?? 20) || 20));
  const number = Math.max(1, Number(query.get("page[number]") ?? 1) || 1);
  const pages = Math.ceil(resources.length / size);
  const data = resources.slice((number - 1) * size, number * size);
  return {
    data,
    links: { self: "", first: "", prev: null, next: null, last: "" },
    meta: {
      next_cursor: number < pages ? (data.at(-1)?.id ?? null) : null,
      current_page: number,
      next_page: number < pages ? number + 1 : null,
      prev_page: number > 1 ? number - 1 : null,
      total_count: resources.length,
      total_pages: pages,
    },
  };
}

/** `data.attributes` of a body that has been validated; empty where there was none. */
export function attributesIn(body: unknown): Record<string, unknown> {
  const data = isRecord(body) && isRecord(body["data"]) ? body["data"] : {};
  return isRecord(data["attributes"]) ? data["attributes"] : {};
}
