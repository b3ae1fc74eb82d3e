import type { DeadLetter, Flight, Incident } from "@tocsin/core/decisions";
import { leadingMember } from "@tocsin/core/decisions";
import type { AlertRecord } from "../store.ts";
import { storedKey } from "./stored-key.ts";

/** As `pg` gives it: numbers of 64 bits as text. */
export type Row = Record<string, unknown>;

export const text = (value: unknown): string => value as string;
export const instant = (value: unknown): number | null => (value === null ? null : Number(value));

/** What of an incident stands in a column, or in a table of its own, and so not in `facts`. */
type Columns =
  | "id"
  | "endpoint"
  | "state"
  | "urgency"
  | "dueAtMs"
  | "fallbackAtMs"
  | "flight"
  | "acceptedAtMs"
  | "updatedAtMs";

export function incidentRow(incident: Incident) {
  const {
    id,
    endpoint,
    state,
    urgency,
    dueAtMs,
    fallbackAtMs,
    flight: _,
    acceptedAtMs,
    updatedAtMs,
    ...facts
  } = incident;
  return {
    id,
    target: storedKey(incident.target),
    dedup_key: storedKey(incident.dedupKey),
    endpoint,
    state,
    urgency,
    severity: incident.wanted.severity,
    due_at: dueAtMs,
    fallback_at: fallbackAtMs,
    untold: incident.told === null,
    owed: incident.told !== null && incident.wanted.status === "firing",
    lead: storedKey(leadingMember(incident.members).fingerprint),
    accepted_at: acceptedAtMs,
    updated_at: updatedAtMs,
    facts: JSON.stringify(facts satisfies Omit<Incident, Columns>),
  };
}

export const incidentColumns = `id bigint, target text, dedup_key text, endpoint bigint, state text, urgency smallint,
  severity text, due_at bigint, fallback_at bigint, untold boolean, owed boolean, lead text, accepted_at bigint, updated_at bigint,
  facts text`;

export const incidentOf = (row: Row): Incident => ({
  ...(JSON.parse(text(row["facts"])) as Omit<Incident, Columns>),
  id: Number(row["id"]),
  endpoint: Number(row["endpoint"]),
  state: row["state"] as Incident["state"],
  urgency: row["urgency"] as Incident["urgency"],
  dueAtMs: instant(row["due_at"]),
  fallbackAtMs: instant(row["fallback_at"]),
  flight: null,
  acceptedAtMs: Number(row["accepted_at"]),
  updatedAtMs: Number(row["updated_at"]),
});

/** An incident as it is while its attempt is under way; its row is as it was before. */
export const inFlight = (incident: Incident, flight: Flight): Incident => ({
  ...incident,
  flight,
  state: "in_flight",
  reason: "in_flight",
  dueAtMs: flight.leaseUntilMs,
});

/** What a lease changes: everything else of an incident in flight is as its row says. */
const ofTheLease: ReadonlySet<string> = new Set(["flight", "state", "reason", "dueAtMs", "updatedAtMs"]);

/** Whether the row is right for both. Values are never changed in place, so the same value is the same fact. */
export const sameRow = (a: Incident, b: Incident): boolean =>
  (Object.keys(a) as (keyof Incident)[]).every((fact) => ofTheLease.has(fact) || a[fact] === b[fact]);

export function alertRow({ content, status, lookAtMs, confirmedAtMs, incidents, ...facts }: AlertRecord) {
  return {
    fingerprint: storedKey(facts.fingerprint),
    status,
    look_at: lookAtMs,
    confirmed_at: confirmedAtMs,
    incidents: `{${incidents.join(",")}}`,
    content,
    facts: JSON.stringify(facts),
  };
}

export const alertColumns = `fingerprint text, status text, look_at bigint, confirmed_at bigint, incidents text, content text,
  facts text`;

export const alertOf = (row: Row): AlertRecord => ({
  ...(JSON.parse(text(row["facts"])) as Pick<
    AlertRecord,
    "fingerprint" | "claims" | "routes" | "silent" | "startsAtMs" | "firstSeenAtMs"
  >),
  content: text(row["content"]),
  status: row["status"] as AlertRecord["status"],
  lookAtMs: instant(row["look_at"]),
  confirmedAtMs: Number(row["confirmed_at"]),
  incidents: (row["incidents"] as readonly string[]).map(Number),
});

export const letterOf = (row: Row): DeadLetter => ({
  ...(JSON.parse(text(row["facts"])) as DeadLetter),
  id: Number(row["id"]),
  replayedAtMs: instant(row["replayed_at"]),
});
