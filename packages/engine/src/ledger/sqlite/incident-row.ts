import type { Incident } from "@tocsin/core/decisions";
import { instant, type Row, text } from "./database.ts";

/** What an incident's `facts` hold: all that no column does. Flights have a table of their own. */
type Facts = Omit<
  Incident,
  | "id"
  | "target"
  | "dedupKey"
  | "endpoint"
  | "state"
  | "urgency"
  | "dueAtMs"
  | "fallbackAtMs"
  | "flight"
  | "acceptedAtMs"
  | "updatedAtMs"
>;

/** What most incidents are is not written: less to serialise, to store, and to read. */
const usual = {
  kind: "alert",
  told: null,
  opened: false,
  settledToken: null,
  unaccepted: null,
  overtaken: [],
  repeat: false,
  checkKey: false,
  adopted: false,
  fellBack: false,
  fallbackOf: null,
  attempts: 0,
  failures: 0,
  lastFailure: null,
  retriedForMs: 0,
  manualUntilMs: null,
} as const satisfies Partial<Facts>;

type Usual = keyof typeof usual;
const mayBeUsual = Object.keys(usual) as Usual[];

export function factsOf(incident: Incident): string {
  const { members, wanted, reason, confirmedAtMs } = incident;
  const facts: Record<string, unknown> = { members, wanted, reason, confirmedAtMs };
  for (const fact of mayBeUsual) {
    const value = incident[fact];
    if (value !== usual[fact] && !(fact === "overtaken" && incident.overtaken.length === 0)) facts[fact] = value;
  }
  return JSON.stringify(facts);
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
  a.members === b.members &&
  a.wanted === b.wanted &&
  a.confirmedAtMs === b.confirmedAtMs &&
  mayBeUsual.every((fact) => a[fact] === b[fact]);

export function incidentOf(row: Row): Incident {
  const known = JSON.parse(text(row["facts"])) as Omit<Facts, Usual> & Partial<Facts>;
  return {
    ...usual,
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
