import type { Incident } from "@tocsin/core/decisions";
import { instant, type Row, text } from "./database.ts";

/** What an incident's `facts` hold: all that no column does. Flights have a table of their own. */
const facts = [
  "kind",
  "members",
  "wanted",
  "told",
  "opened",
  "reason",
  "settledToken",
  "unaccepted",
  "overtaken",
  "repeat",
  "checkKey",
  "adopted",
  "fellBack",
  "fallbackOf",
  "attempts",
  "failures",
  "lastFailure",
  "confirmedAtMs",
  "retriedForMs",
  "manualUntilMs",
] as const satisfies readonly (keyof Incident)[];

type Facts = Pick<Incident, (typeof facts)[number]>;

export function factsOf(incident: Incident): string {
  const { kind, members, wanted, told, opened, reason, settledToken, unaccepted, overtaken, repeat, checkKey } =
    incident;
  const { adopted, fellBack, fallbackOf, attempts, failures, lastFailure, confirmedAtMs, retriedForMs, manualUntilMs } =
    incident;
  return JSON.stringify({
    kind,
    members,
    wanted,
    told,
    opened,
    reason,
    settledToken,
    unaccepted,
    overtaken,
    repeat,
    checkKey,
    adopted,
    fellBack,
    fallbackOf,
    attempts,
    failures,
    lastFailure,
    confirmedAtMs,
    retriedForMs,
    manualUntilMs,
  } satisfies Facts);
}

/**
 * Whether nothing but the flight differs, and what follows from it: state, reason, and when to look again. Values are never
 * changed in place, so the same value is the same fact.
 */
export const sameRow = (a: Incident, b: Incident): boolean =>
  a.endpoint === b.endpoint &&
  a.urgency === b.urgency &&
  a.fallbackAtMs === b.fallbackAtMs &&
  a.acceptedAtMs === b.acceptedAtMs &&
  facts.every((fact) => a[fact] === b[fact] || fact === "reason");

export function incidentOf(row: Row): Incident {
  const known = JSON.parse(text(row["facts"])) as Facts;
  return {
    ...known,
    id: Number(row["id"]),
    target: text(row["target"]),
    dedupKey: text(row["dedup_key"]),
    endpoint: Number(row["endpoint"]),
    state: text(row["state"]) as Incident["state"],
    urgency: Number(row["urgency"]) as Incident["urgency"],
    dueAtMs: instant(row["due_at"]),
    fallbackAtMs: instant(row["fallback_at"]),
    flight: null,
    acceptedAtMs: Number(row["accepted_at"]),
    updatedAtMs: Number(row["updated_at"]),
  };
}
