import type { Incident } from "@tocsin/core/decisions";

/** The fields of an incident that have a column of their own, or, like `flight`, a table of their own. All others are its facts. */
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

/** The facts of most incidents. They are not written, so that there is less to serialize, to store and to read. */
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

/** Facts that few incidents have. The others have no such field, so that nothing is written, stored or read for them. */
const rare = [
  "trace",
  "receiver",
  "acknowledgedBy",
  "lastActions",
  "heldUntilEnd",
  "receipt",
  "confirmBy",
  "verdictUntilMs",
] as const;

/** The name of late attempts in earlier versions. Stored rows keep it. */
const storedLateAttempts = "overtaken";

/** The facts as they are written. */
export function incidentFacts(incident: Incident): Record<string, unknown> {
  const { members, wanted, reason, confirmedAtMs } = incident;
  const facts: Record<string, unknown> = { members, wanted, reason, confirmedAtMs };
  for (const fact of mayBeUsual) {
    const value = incident[fact];
    if (fact !== "lateAttempts" && value !== usual[fact]) facts[fact] = value;
  }
  if (incident.lateAttempts.length > 0) facts[storedLateAttempts] = incident.lateAttempts;
  // One column holds the instant that queries search for (`waitingSince`). The two instants are mostly the same; if not, the facts
  // hold the other one.
  const { state, acceptedAtMs, dueSinceMs } = incident;
  if (dueSinceMs !== null && dueSinceMs !== acceptedAtMs) facts["acceptedAtMs"] = acceptedAtMs;
  if (dueSinceMs === null && isWaiting(state)) facts["dueSinceMs"] = null;
  for (const fact of rare) {
    const value = incident[fact];
    if (value !== undefined) facts[fact] = value;
  }
  return facts;
}

const isWaiting = (state: Incident["state"]): boolean =>
  state === "due" || state === "in_flight" || state === "candidate";

/** The column `accepted_at`: since when a due incident has been due; for any other, when it was accepted. */
export const waitingSince = ({ acceptedAtMs, dueSinceMs }: Pick<Incident, "acceptedAtMs" | "dueSinceMs">): number =>
  dueSinceMs ?? acceptedAtMs;

/** Both instants as read from that column. The facts override them. */
export const fromWaitingSince = (atMs: number, state: Incident["state"]) => ({
  acceptedAtMs: atMs,
  dueSinceMs: isWaiting(state) ? atMs : null,
});

/** Reads an incident. Facts override columns, because a column may hold only the value that queries search for. */
export function withFacts(json: string, columns: Pick<Incident, Columns>): Incident {
  const { [storedLateAttempts]: lateAttempts = usual.lateAttempts, ...facts } = JSON.parse(json) as StoredFacts;
  return { ...usual, ...columns, ...facts, lateAttempts };
}

type StoredFacts = Omit<Facts, Usual> &
  Partial<Omit<Facts, "lateAttempts">> & { readonly [storedLateAttempts]?: Facts["lateAttempts"] };

/**
 * Whether nothing differs except the flight and its consequences: state, reason and the next look. Values are never changed in
 * place, so identical objects mean equal facts.
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
  rare.every((fact) => a[fact] === b[fact]) &&
  mayBeUsual.every((fact) => a[fact] === b[fact]);
