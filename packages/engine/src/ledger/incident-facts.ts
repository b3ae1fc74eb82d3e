import type { Incident } from "@tocsin/core/decisions";

/** What of an incident stands in a column of its own, or, as flights do, in a table of its own. The rest are its facts. */
type Columns =
  | "id"
  | "target"
  | "dedupKey"
  | "endpoint"
  | "state"
  | "urgency"
  | "dueAtMs"
  | "dueSinceMs"
  | "fallbackAtMs"
  | "flight"
  | "acceptedAtMs"
  | "updatedAtMs";

type Facts = Omit<Incident, Columns>;

/** What most incidents are is not written: less to serialise, to store, and to read. */
const usual = {
  kind: "alert",
  told: null,
  opened: false,
  settledToken: null,
  unaccepted: null,
  lateAttempts: [],
  repeat: false,
  renew: false,
  checkKey: false,
  adopted: false,
  fellBack: false,
  fallbackOf: null,
  attempts: 0,
  failures: 0,
  lastFailure: null,
  unconfirmed: false,
  retriedForMs: 0,
  manualUntilMs: null,
} as const satisfies Partial<Facts>;

type Usual = keyof typeof usual;
const mayBeUsual = Object.keys(usual) as Usual[];

/** Earlier versions called late attempts so. Stored rows keep the name. */
const storedLateAttempts = "overtaken";

/** As they are written. */
export function factsOf(incident: Incident): Record<string, unknown> {
  const { members, wanted, reason, confirmedAtMs } = incident;
  const facts: Record<string, unknown> = { members, wanted, reason, confirmedAtMs };
  for (const fact of mayBeUsual) {
    const value = incident[fact];
    if (fact !== "lateAttempts" && value !== usual[fact]) facts[fact] = value;
  }
  if (incident.lateAttempts.length > 0) facts[storedLateAttempts] = incident.lateAttempts;
  // Of the two instants one column holds the one that is searched for, and mostly they are the same.
  const { state, acceptedAtMs, dueSinceMs } = incident;
  if (dueSinceMs !== null && dueSinceMs !== acceptedAtMs) facts["acceptedAtMs"] = acceptedAtMs;
  if (dueSinceMs === null && isWaiting(state)) facts["dueSinceMs"] = null;
  return facts;
}

const isWaiting = (state: Incident["state"]): boolean =>
  state === "due" || state === "in_flight" || state === "candidate";

/** The column `accepted_at`: since when the incident is due; while it is not, when it was accepted. */
export const waitingSince = ({ acceptedAtMs, dueSinceMs }: Pick<Incident, "acceptedAtMs" | "dueSinceMs">): number =>
  dueSinceMs ?? acceptedAtMs;

/** What that column says, unless the facts say otherwise. */
export const fromWaitingSince = (atMs: number, state: Incident["state"]) => ({
  acceptedAtMs: atMs,
  dueSinceMs: isWaiting(state) ? atMs : null,
});

/** What the facts say goes before what a column says: a column may hold no more than what is searched for. */
export function withFacts(json: string, columns: Pick<Incident, Columns>): Incident {
  const { [storedLateAttempts]: lateAttempts = usual.lateAttempts, ...facts } = JSON.parse(json) as StoredFacts;
  return { ...usual, ...columns, ...facts, lateAttempts };
}

type StoredFacts = Omit<Facts, Usual> &
  Partial<Omit<Facts, "lateAttempts">> & { readonly [storedLateAttempts]?: Facts["lateAttempts"] };

/**
 * Whether nothing but the flight differs, and what follows from it: state, reason, and when to look again. Values are never
 * changed in place, so the same value is the same fact.
 */
export const sameRow = (a: Incident, b: Incident): boolean =>
  a.endpoint === b.endpoint &&
  a.urgency === b.urgency &&
  a.fallbackAtMs === b.fallbackAtMs &&
  a.acceptedAtMs === b.acceptedAtMs &&
  a.dueSinceMs === b.dueSinceMs &&
  a.members === b.members &&
  a.wanted === b.wanted &&
  a.confirmedAtMs === b.confirmedAtMs &&
  mayBeUsual.every((fact) => a[fact] === b[fact]);
