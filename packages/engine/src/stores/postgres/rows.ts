import { changeColumnsOf, changeInColumns } from "../../ledger/change-columns.ts";
import type { DeadLetter, Flight, Incident, ReceiverEvent } from "@tocsin/core/decisions";
import { leadingMember } from "@tocsin/core/decisions";
import { incidentFacts, fromWaitingSince, waitingSince, withFacts } from "../../ledger/incident-facts.ts";
import type { AlertRecord, ChangeRecord, ReceiverEventRecord } from "../../ledger/store.ts";
import { BinaryArrays } from "./binary-arrays.ts";
import { indexKey } from "./index-key.ts";

/** A row as `pg` returns it: 64-bit numbers are text. */
export type Row = Record<string, unknown>;

export const text = (value: unknown): string => value as string;
export const instant = (value: unknown): number | null => (value === null ? null : Number(value));

export function incidentRow(incident: Incident) {
  const { id, target, dedupKey, endpoint, state, urgency, dueAtMs, fallbackAtMs, updatedAtMs } = incident;
  const [storedTarget, storedDedupKey] = [indexKey(target), indexKey(dedupKey)];
  return {
    id,
    target: storedTarget,
    dedup_key: storedDedupKey,
    endpoint,
    state,
    urgency,
    severity: incident.wanted.severity,
    due_at: dueAtMs,
    fallback_at: fallbackAtMs,
    untold: incident.told === null,
    owed: isOwed(incident),
    lead: indexKey(leadingMember(incident.members).fingerprint),
    accepted_at: waitingSince(incident),
    updated_at: updatedAtMs,
    facts: JSON.stringify({
      ...incidentFacts(incident),
      ...(storedTarget !== target && { target }),
      ...(storedDedupKey !== dedupKey && { dedupKey }),
    }),
  };
}

/** A trigger was delivered, or may have been, and its resolve was not. A change has no resolve. */
const isOwed = ({ told, wanted, kind }: Incident): boolean =>
  told !== null && wanted.status === "firing" && kind !== "change";

export const incidentColumns = new BinaryArrays({
  id: "bigint",
  target: "text",
  dedup_key: "text",
  endpoint: "bigint",
  state: "text",
  urgency: "smallint",
  severity: "text",
  due_at: "bigint",
  fallback_at: "bigint",
  untold: "boolean",
  owed: "boolean",
  lead: "text",
  accepted_at: "bigint",
  updated_at: "bigint",
  facts: "text",
});

export const incidentOf = (row: Row): Incident =>
  withFacts(text(row["facts"]), {
    id: Number(row["id"]),
    target: text(row["target"]),
    dedupKey: text(row["dedup_key"]),
    endpoint: Number(row["endpoint"]),
    state: row["state"] as Incident["state"],
    urgency: row["urgency"] as Incident["urgency"],
    dueAtMs: instant(row["due_at"]),
    fallbackAtMs: instant(row["fallback_at"]),
    flight: null,
    ...fromWaitingSince(Number(row["accepted_at"]), row["state"] as Incident["state"]),
    updatedAtMs: Number(row["updated_at"]),
  });

/** An incident during its attempt. Its row stays as it was before. */
export const inFlight = (incident: Incident, flight: Flight): Incident => ({
  ...incident,
  flight,
  state: "in_flight",
  reason: "in_flight",
  dueAtMs: flight.leaseUntilMs,
});

export function alertRow(record: AlertRecord) {
  const { fingerprint, content, status, lookAtMs, confirmedAtMs, incidents, routes, silent, ...facts } = record;
  const stored = indexKey(fingerprint);
  return {
    fingerprint: stored,
    status,
    look_at: lookAtMs,
    confirmed_at: confirmedAtMs,
    incidents: `{${incidents.join(",")}}`,
    content,
    facts: JSON.stringify({
      ...facts,
      ...(stored !== fingerprint && { fingerprint }),
      ...(routes.length > 0 && { routes }),
      ...(silent.length > 0 && { silent }),
    }),
  };
}

/** `incidents` is written as the text of a PostgreSQL array. */
export const alertColumns = new BinaryArrays({
  fingerprint: "text",
  status: "text",
  look_at: "bigint",
  confirmed_at: "bigint",
  incidents: "text",
  content: "text",
  facts: "text",
});

export const alertOf = (row: Row): AlertRecord => ({
  fingerprint: text(row["fingerprint"]),
  content: text(row["content"]),
  status: row["status"] as AlertRecord["status"],
  lookAtMs: instant(row["look_at"]),
  confirmedAtMs: Number(row["confirmed_at"]),
  incidents: (row["incidents"] as readonly string[]).map(Number),
  routes: [],
  silent: [],
  ...(JSON.parse(text(row["facts"])) as Pick<AlertRecord, "claims" | "startsAtMs" | "firstSeenAtMs"> &
    Partial<Pick<AlertRecord, "fingerprint" | "routes" | "silent" | "shown" | "classification">>),
});

export const changeRow = (record: ChangeRecord) => ({
  key: record.key,
  at: record.change.timestampMs,
  accepted_at: record.acceptedAtMs,
  service: labelKey(record.change.labels["service"]),
  app: labelKey(record.change.labels["app"]),
  ...changeColumnsOf(record),
});

const labelKey = (value: string | undefined): string | null => (value ? indexKey(value) : null);

export const changeColumns = new BinaryArrays({
  key: "text",
  at: "bigint",
  accepted_at: "bigint",
  service: "text",
  app: "text",
  facts: "text",
  details: "text",
});

export const changeOf = (row: Row): ChangeRecord => ({
  ...changeInColumns({ facts: text(row["facts"]), details: row["details"] ? text(row["details"]) : null }),
  key: text(row["key"]),
  acceptedAtMs: Number(row["accepted_at"]),
});

export const letterOf = (row: Row): DeadLetter => ({
  ...(JSON.parse(text(row["facts"])) as DeadLetter),
  id: Number(row["id"]),
  replayedAtMs: instant(row["replayed_at"]),
});

export const receiverEventRow = ({ callback, id, receivedAtMs, pending }: ReceiverEventRecord) => ({
  callback: indexKey(callback),
  id: indexKey(id),
  received_at: receivedAtMs,
  look_up_at: pending?.lookUpAtMs ?? null,
  facts: pending ? JSON.stringify(pending.event) : null,
});

export const receiverEventColumns = new BinaryArrays({
  callback: "text",
  id: "text",
  received_at: "bigint",
  look_up_at: "bigint",
  facts: "text",
});

/** The event of a pending one has its true callback and id. Those of others are needed as stored keys only. */
export function receiverEventOf(row: Row): ReceiverEventRecord {
  const seen = { callback: text(row["callback"]), id: text(row["id"]), receivedAtMs: Number(row["received_at"]) };
  if (row["facts"] === null) return seen;
  const event = JSON.parse(text(row["facts"])) as ReceiverEvent;
  const { callback, id } = event;
  return { ...seen, callback, id, pending: { event, lookUpAtMs: Number(row["look_up_at"]) } };
}
