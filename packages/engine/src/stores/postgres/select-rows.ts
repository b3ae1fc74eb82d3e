import type { Incident, Urgency } from "@tocsin/core/decisions";
import type { MissingRows, MoreOfLane } from "./missing-rows.ts";
import { episodeKey, laneKey, type LoadedLane, type ReadSet, receiverEventKey } from "./read-set.ts";
import type { ReplicaCache } from "./replica-cache.ts";
import type { RecentWrites } from "./recent-writes.ts";
import { alertOf, changeOf, incidentOf, inFlight, instant, receiverEventOf, type Row, text } from "./rows.ts";
import type { ReceiverEventRecord } from "../../ledger/store.ts";
import type { Step } from "./session.ts";
import { indexKey } from "./index-key.ts";

/** How many alerts, and how many fallbacks, whose time has come are read at once. */
const maxAtOnce = 500;

/** The destination of rows that are read, and what is needed to read them. */
export interface ReadContext {
  readonly readSet: ReadSet;
  readonly cache: ReplicaCache;
  readonly recentWrites: RecentWrites;
  /** The ledger's time; null: not known yet, so the statements compute it. */
  readonly nowMs: number | null;
  /** The time of a test's clock; null: the database's clock counts. */
  readonly clockMs: number | null;
  /** The expired rows that the reader found without the lock. */
  readonly forgetting: { readonly found: FoundExpired; readonly locked: boolean };
}

/** Expired rows that the reader found: stored keys of resolved alerts. */
export interface FoundExpired {
  alerts: readonly string[];
}

/** The ledger's time inside a statement. */
const now = `GREATEST((SELECT time FROM ledger), COALESCE($1::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint))`;

const nowValue = ({ nowMs, clockMs }: ReadContext): number | null => nowMs ?? clockMs;

/** The columns of that row, as `r`. They are null if one of these transactions wrote the row last, since `RecentWrites` has it. */
const unlessOwn = (row: string, transactions: string, r = "r"): string =>
  `LEFT JOIN LATERAL (SELECT ${row}.*) ${r} ON ${row}.xmin <> ALL (${transactions}::xid[])`;

/** Adds an incident to the read set, with its flight. */
export function keepIncident(
  { readSet, cache, recentWrites }: Pick<ReadContext, "readSet" | "cache" | "recentWrites">,
  row: Row,
): Incident {
  const incident = row["facts"] === null ? recentWrites.incident(Number(row["own"])) : incidentOf(row);
  const seat = cache.seatOf(incident.id);
  const flying = seat ? inFlight(incident, seat.flight) : incident;
  readSet.incidents.set(flying.id, flying);
  return flying;
}

/** The statements that read the missing rows. */
export function selectRows(missing: MissingRows, context: ReadContext): Step[] {
  return [
    ...(missing.clockwork ? clockworkSteps(missing.clockwork.perLane, context) : []),
    ...(missing.lanes.size > 0 ? [laneStep([...missing.lanes.values()], context)] : []),
    ...(missing.alerts.size > 0 ? [alertStep([...missing.alerts], context)] : []),
    ...(missing.alerts.size + missing.episodes.size + missing.incidents.size > 0
      ? [incidentStep(missing, context)]
      : []),
    ...(missing.changes.size > 0 ? [changeStep([...missing.changes], context)] : []),
    ...(missing.receiverEvents.size > 0 ? [receiverEventStep([...missing.receiverEvents.values()], context)] : []),
    ...(missing.silent.size > 0 ? [silentStep([...missing.silent], context)] : []),
  ];
}

const alertStep = (fingerprints: readonly string[], context: ReadContext): Step => ({
  sql: `SELECT a.fingerprint AS own, r.* FROM alerts a ${unlessOwn("a", "$2")} WHERE a.fingerprint = ANY($1::text[])`,
  values: [fingerprints.map(indexKey), context.recentWrites.transactions],
  take(rows) {
    const { alerts, incidents } = context.readSet;
    for (const fingerprint of fingerprints) alerts.set(fingerprint, null);
    for (const row of rows) {
      // Its incidents are read right after it. Those that are not found then were deleted, and are not asked for again.
      for (const id of alerts.get(keepAlert(context, row))?.incidents ?? [])
        if (!incidents.has(id)) incidents.set(id, null);
    }
  },
});

function keepAlert({ readSet, recentWrites }: ReadContext, row: Row): string {
  const record = row["facts"] === null ? recentWrites.alert(text(row["own"])) : alertOf(row);
  readSet.alerts.set(record.fingerprint, record);
  return record.fingerprint;
}

/** Compares keys of incidents so that the index `incidents_episode` is used. */
export const sameKey = (column: string, key: string): string =>
  `hashtext(${column}) = hashtext(${key}) AND ${column} = ${key}`;

/** Reads the incidents that are missing, the incidents of missing alerts (an operation that needs the alert needs these), and the newest episodes. */
function incidentStep({ incidents, alerts, episodes }: MissingRows, context: ReadContext): Step {
  const { readSet, recentWrites } = context;
  const asked = [...episodes.values()];
  return {
    sql: `SELECT i.id AS own, r.* FROM incidents i ${unlessOwn("i", "$5")} WHERE i.id = ANY(ARRAY(
      SELECT unnest($1::bigint[])
      UNION ALL SELECT unnest(incidents) FROM alerts WHERE fingerprint = ANY($2::text[])
      UNION ALL SELECT newest.id FROM unnest($3::text[], $4::text[]) AS asked (target, dedup_key) CROSS JOIN LATERAL (
        SELECT e.id FROM incidents e WHERE ${sameKey("e.dedup_key", "asked.dedup_key")} AND ${sameKey("e.target", "asked.target")}
        ORDER BY e.id DESC LIMIT 1) newest))`,
    values: [
      [...incidents],
      Array.from(alerts, indexKey),
      asked.map(({ target }) => indexKey(target)),
      asked.map(({ dedupKey }) => indexKey(dedupKey)),
      recentWrites.transactions,
    ],
    take(rows) {
      for (const id of incidents) readSet.incidents.set(id, null);
      for (const key of episodes.keys()) readSet.episodes.set(key, null);
      for (const row of rows) {
        const { id, target, dedupKey } = keepIncident(context, row);
        const key = episodeKey(target, dedupKey);
        // Older episodes may be among the rows.
        if (episodes.has(key)) readSet.episodes.set(key, Math.max(id, readSet.episodes.get(key) ?? 0));
      }
    },
  };
}

const changeStep = (keys: readonly string[], { readSet }: ReadContext): Step => ({
  sql: "SELECT * FROM changes WHERE key = ANY($1::text[])",
  values: [keys.map(indexKey)],
  take(rows) {
    for (const key of keys) readSet.changes.set(key, null);
    for (const row of rows.map(changeOf)) readSet.changes.set(row.key, row);
  },
});

const receiverEventStep = (
  asked: readonly Pick<ReceiverEventRecord, "callback" | "id">[],
  { readSet }: ReadContext,
): Step => ({
  sql: `SELECT e.* FROM receiver_events e
    JOIN unnest($1::text[], $2::text[]) AS asked (callback, id) ON e.callback = asked.callback AND e.id = asked.id`,
  values: [asked.map(({ callback }) => indexKey(callback)), asked.map(({ id }) => indexKey(id))],
  take(rows) {
    const found = new Map(rows.map((row) => [receiverEventKey(text(row["callback"]), text(row["id"])), row]));
    for (const { callback, id } of asked) {
      const row = found.get(receiverEventKey(indexKey(callback), indexKey(id)));
      readSet.receiverEvents.set(
        receiverEventKey(callback, id),
        row ? { ...receiverEventOf(row), callback, id } : null,
      );
    }
  },
});

const silentStep = (sources: readonly string[], context: ReadContext): Step => ({
  sql: "SELECT a.*, s.source FROM silent s JOIN alerts a ON a.fingerprint = s.fingerprint WHERE s.source = ANY($1::text[])",
  values: [sources.map(indexKey)],
  take(rows) {
    const found = new Map<string, string[]>(sources.map((source) => [indexKey(source), []]));
    for (const row of rows) found.get(row["source"] as string)?.push(keepAlert(context, row));
    for (const source of sources) context.readSet.silent.set(source, found.get(indexKey(source)) ?? []);
  },
});

/** PostgreSQL hashes this subquery once per statement, instead of comparing each row with every incident in flight. */
const grounded = "i.id NOT IN (SELECT incident FROM flights WHERE incident IS NOT NULL)";

/** The incidents of a lane that are due and not in flight, each with its leading alert. */
const dueOf = (lane: string, limit: string, transactions: string, after = ""): string =>
  `SELECT i.id AS own, r.*, a.fingerprint AS a_own, ar.status AS a_status, ar.look_at AS a_look_at, ar.confirmed_at AS a_confirmed_at,
     ar.incidents AS a_incidents, ar.content AS a_content, ar.facts AS a_facts
   FROM (SELECT xmin, * FROM incidents i WHERE i.endpoint = ${lane}.endpoint AND i.urgency = ${lane}.urgency AND i.due_at <= here.now
       AND ${grounded} ${after} ORDER BY i.due_at, i.id LIMIT ${limit}) i
   ${unlessOwn("i", transactions)} LEFT JOIN alerts a ON a.fingerprint = i.lead
   ${unlessOwn("a", transactions, "ar")}
   ORDER BY i.due_at, i.id`;

const nextOf = (lane: string): string =>
  `SELECT i.due_at AS next FROM incidents i
   WHERE i.endpoint = ${lane}.endpoint AND i.urgency = ${lane}.urgency AND i.due_at > here.now AND ${grounded}
   ORDER BY i.due_at LIMIT 1`;

const here = `here AS MATERIALIZED (SELECT ${now} AS now)`;

/** The first instant after those that were read. If more rows are due than were read, it is in the past. */
const firstUnread = (table: string, column: string): string =>
  `SELECT ${column} FROM ${table} WHERE ${column} IS NOT NULL ORDER BY ${column} OFFSET (
    SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE ${column} <= ${now} LIMIT ${maxAtOnce}) come) LIMIT 1`;

/** Reads the rows whose time has come. It skips from one lane to the next in the index, so that no rows are counted. */
function clockworkSteps(perLane: number, context: ReadContext): Step[] {
  const { readSet } = context;
  const lanes = new Map<string, LoadedLane>();
  const lookAt: string[] = [];
  const fallbacks: number[] = [];
  const value = nowValue(context);
  return [
    {
      sql: `WITH RECURSIVE ${here}, lanes AS (
          (SELECT endpoint, urgency FROM incidents WHERE due_at IS NOT NULL ORDER BY endpoint, urgency LIMIT 1)
          UNION ALL
          SELECT n.endpoint, n.urgency FROM lanes l CROSS JOIN LATERAL (
            SELECT endpoint, urgency FROM incidents i
            WHERE i.due_at IS NOT NULL AND (i.endpoint, i.urgency) > (l.endpoint, l.urgency)
            ORDER BY i.endpoint, i.urgency LIMIT 1) n)
        SELECT l.endpoint AS l_endpoint, l.urgency AS l_urgency, n.next, d.*
        FROM here CROSS JOIN lanes l
        LEFT JOIN LATERAL (${nextOf("l")}) n ON true LEFT JOIN LATERAL (${dueOf("l", "$2", "$3")}) d ON true`,
      values: [value, perLane, context.recentWrites.transactions],
      take(rows) {
        for (const [key, lane] of lanesOf(rows, () => perLane, context)) lanes.set(key, lane);
      },
    },
    {
      sql: `SELECT * FROM alerts WHERE look_at <= ${now} ORDER BY look_at LIMIT ${maxAtOnce}`,
      values: [value],
      take(rows) {
        for (const row of rows) lookAt.push(keepAlert(context, row));
      },
    },
    {
      sql: `SELECT * FROM incidents WHERE fallback_at <= ${now} ORDER BY fallback_at LIMIT ${maxAtOnce}`,
      values: [value],
      take(rows) {
        for (const row of rows) fallbacks.push(keepIncident(context, row).id);
      },
    },
    {
      sql: `SELECT (${firstUnread("alerts", "look_at")}) AS look_at, (${firstUnread("incidents", "fallback_at")}) AS fallback_at`,
      values: [value],
      take([row]) {
        readSet.clockwork = {
          lanes,
          lookAt: { come: lookAt, nextMs: instant(row?.["look_at"] ?? null) },
          fallbacks: { come: fallbacks, nextMs: instant(row?.["fallback_at"] ?? null) },
        };
      },
    },
  ];
}

/** Reads more rows of lanes of which too few were read, after the last row that was read. */
const laneStep = (asked: readonly MoreOfLane[], context: ReadContext): Step => ({
  sql: `WITH ${here}
    SELECT l.endpoint AS l_endpoint, l.urgency AS l_urgency, n.next, d.*
    FROM here CROSS JOIN unnest($2::bigint[], $3::smallint[], $4::int[], $5::bigint[], $6::bigint[]) AS l (endpoint, urgency, max_rows, at, id)
    LEFT JOIN LATERAL (${nextOf("l")}) n ON true
    LEFT JOIN LATERAL (${dueOf("l", "l.max_rows", "$7", "AND (i.due_at, i.id) > (l.at, l.id)")}) d ON true`,
  values: [
    nowValue(context),
    asked.map(({ endpoint }) => endpoint),
    asked.map(({ urgency }) => urgency),
    asked.map(({ maxRows }) => maxRows),
    asked.map(({ after }) => after?.dueAtMs ?? 0),
    asked.map(({ after }) => after?.id ?? 0),
    context.recentWrites.transactions,
  ],
  take(rows) {
    const known = context.readSet.clockwork?.lanes;
    const maxRows = new Map(asked.map((lane) => [laneKey(lane), lane.maxRows]));
    for (const [key, lane] of lanesOf(rows, (of) => maxRows.get(of) ?? 0, context))
      known?.set(key, { ...lane, due: [...(known.get(key)?.due ?? []), ...lane.due] });
  },
});

function lanesOf(
  rows: readonly Row[],
  limitOf: (key: string) => number,
  context: ReadContext,
): Map<string, LoadedLane & { readonly due: number[] }> {
  const lanes = new Map<string, LoadedLane & { due: number[]; more: boolean }>();
  for (const row of rows) {
    const place = { endpoint: Number(row["l_endpoint"]), urgency: row["l_urgency"] as Urgency };
    const key = laneKey(place);
    let lane = lanes.get(key);
    if (!lane) lanes.set(key, (lane = { ...place, due: [], more: false, nextMs: instant(row["next"]) }));
    if (row["own"] === null) continue;
    lane.due.push(keepIncident(context, row).id);
    lane.more = lane.due.length >= limitOf(key);
    if (row["a_own"] !== null) keepAlert(context, leadOf(row));
  }
  return lanes;
}

const leadOf = (row: Row): Row => ({
  own: row["a_own"],
  fingerprint: row["a_own"],
  status: row["a_status"],
  look_at: row["a_look_at"],
  confirmed_at: row["a_confirmed_at"],
  incidents: row["a_incidents"],
  content: row["a_content"],
  facts: row["a_facts"],
});
