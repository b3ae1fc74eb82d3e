import type { RestAlert, RestIncident, RestStatus } from "./pagerduty-rest.ts";

type Document = Readonly<Record<string, unknown>>;

const documentOf = (value: unknown): Document =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Document) : {};

const textOf = (value: unknown, maxLength: number): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= maxLength ? value : undefined;

function timeOf(value: unknown): number | undefined {
  const atMs = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

const statuses: readonly string[] = ["triggered", "acknowledged", "resolved"] satisfies RestStatus[];

/** PagerDuty's ids have 14 capital letters and digits, older ones 7. They become part of a path. */
export const isRestId = (id: string): boolean => /^[0-9A-Za-z]{1,40}$/.test(id);

/** @returns undefined if it has no usable id or status: such an incident cannot be compared */
export function readIncident(value: unknown): RestIncident | undefined {
  const document = documentOf(value);
  const { id, status } = document;
  if (typeof id !== "string" || !isRestId(id) || !statuses.includes(status as string)) return undefined;
  const service = textOf(documentOf(document["service"])["id"], 40);
  const createdAtMs = timeOf(document["created_at"]);
  const changedAtMs = timeOf(document["last_status_change_at"]) ?? timeOf(document["resolved_at"]);
  const agent = documentOf(document["last_status_change_by"]);
  // The other kinds of agents are services and integrations.
  const isPerson = agent["type"] === "user_reference" || agent["type"] === "user";
  const changedBy = isPerson ? (textOf(agent["summary"], 200) ?? "a person") : undefined;
  return {
    id,
    status: status as RestStatus,
    ...(service !== undefined && { service }),
    ...(createdAtMs !== undefined && { createdAtMs }),
    ...(changedAtMs !== undefined && { changedAtMs }),
    ...(changedBy !== undefined && { changedBy }),
  };
}

/** @returns undefined if it has no key: no event of ours opened it */
export function readAlert(value: unknown): RestAlert | undefined {
  const { alert_key: key, status, suppressed } = documentOf(value);
  if (typeof key !== "string" || key === "" || (status !== "triggered" && status !== "resolved")) return undefined;
  return { key, status, suppressed: suppressed === true };
}

export interface ListPage {
  readonly documents: readonly unknown[];
  readonly more: boolean;
}

/** @returns undefined if the answer is no list of this name */
export function readList(body: string, name: "incidents" | "alerts"): ListPage | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { [name]: documents, more } = documentOf(answer);
  return Array.isArray(documents) ? { documents, more: more === true } : undefined;
}
