import { cutPage, pageQuery } from "../../ledger/change-columns.ts";
import type { IncidentQuery, Reason, Severity, Urgency } from "@tocsin/core/decisions";
import { urgency } from "@tocsin/core/decisions";
import { RowCounts } from "../../ledger/row-counts.ts";
import { type Queries, queryKey, type QueryKind, type Expired, type Query } from "./queries.ts";
import { keepIncident, type ReadContext, sameKey } from "./select-rows.ts";
import { alertOf, changeOf, letterOf, receiverEventOf, text } from "./rows.ts";
import type { Step } from "./session.ts";
import { indexKey, storableText } from "./index-key.ts";

/** The statements that answer rare queries. */
export const querySteps = (queries: Iterable<Query>, context: ReadContext): Step[] =>
  Array.from(queries).flatMap((query) => {
    const runner = runners[query.kind] as QueryRunner<QueryKind>;
    return runner(query, context, (answer) => context.readSet.answers.set(queryKey(query), answer));
  });

type QueryRunner<K extends QueryKind> = (
  asks: Queries[K]["asks"],
  context: ReadContext,
  answer: (answer: Queries[K]["answer"]) => void,
) => Step[];

const runners: { [K in QueryKind]: QueryRunner<K> } = {
  history: ({ incident }, _, answer) => [
    {
      sql: "SELECT at, what, detail FROM history WHERE incident = $1 ORDER BY n",
      values: [incident],
      take: (rows) =>
        answer(
          rows.map((row) => ({
            incident,
            atMs: Number(row["at"]),
            what: text(row["what"]),
            ...(row["detail"] === null ? {} : { detail: text(row["detail"]) }),
          })),
        ),
    },
  ],

  letters({ limit, before, filter: { target, reason, beforeMs, replayed } }, _, answer) {
    const values: unknown[] = [before, limit];
    const where = ["id < $1"];
    const add = (condition: string, value: unknown): unknown => where.push(`${condition} $${values.push(value)}`);
    if (target !== undefined) add("target =", storableText(target));
    if (reason !== undefined) add("reason =", reason);
    if (beforeMs !== undefined) add("at <", beforeMs);
    if (replayed !== undefined) where.push(`replayed_at IS ${replayed ? "NOT NULL" : "NULL"}`);
    return [
      {
        sql: `SELECT id, replayed_at, facts FROM dead_letters WHERE ${where.join(" AND ")} ORDER BY id DESC LIMIT $2`,
        values,
        take: (rows) => answer(rows.map(letterOf)),
      },
    ];
  },

  letter: ({ id }, _, answer) => [
    {
      sql: "SELECT id, replayed_at, facts FROM dead_letters WHERE id = $1",
      values: [id],
      take: ([row]) => answer(row && letterOf(row)),
    },
  ],

  firing({ page: { after = "", prefix = "", heldUntilMs, limit } }, _, answer) {
    const values: unknown[] = [indexKey(after), limit];
    const parameter = (value: unknown): string => `$${values.push(value)}`;
    const key = prefix === "" ? "" : parameter(indexKey(prefix));
    const among = prefix === "" ? "" : `AND fingerprint >= ${key} AND starts_with(fingerprint, ${key})`;
    const pageOf = (which: string): string =>
      `(SELECT * FROM alerts WHERE ${which} AND n > COALESCE((SELECT n FROM alerts WHERE fingerprint = $1), 0) ${among}
        ORDER BY n LIMIT $2)`;
    const pages = [pageOf("status = 'firing'")];
    if (heldUntilMs !== undefined) pages.push(pageOf(`status = 'resolved' AND look_at <= ${parameter(heldUntilMs)}`));
    return [
      {
        sql: `SELECT * FROM (${pages.join(" UNION ALL ")}) page ORDER BY n LIMIT $2`,
        values,
        take: (rows) => answer(rows.map(alertOf)),
      },
    ];
  },

  byFingerprint: ({ after, limit }, _, answer) => [
    {
      sql: "SELECT * FROM alerts WHERE fingerprint > $1 ORDER BY fingerprint LIMIT $2",
      values: [indexKey(after), limit],
      take: (rows) => answer(rows.map(alertOf)),
    },
  ],

  ofAlert: ({ fingerprint }, _, answer) => [
    {
      sql: `SELECT max(i.id) AS id FROM incidents i WHERE ${isOfAlert("$1")} GROUP BY i.target, i.dedup_key`,
      values: [indexKey(fingerprint)],
      take: (rows) => answer(rows.map((row) => Number(row["id"]))),
    },
  ],

  incidents: ({ query }, context, answer) => [
    {
      ...incidentsWhere(query),
      take(rows) {
        const found = rows.map((row) => keepIncident(context, row));
        const incidents = found.slice(0, query.limit);
        const last = incidents.at(-1);
        answer(found.length > query.limit && last ? { incidents, nextCursor: String(last.id) } : { incidents });
      },
    },
  ],

  changes: ({ page: { sinceMs, before, limit } }, _, answer) => [
    {
      sql: pageQuery(`at >= $1 ${before ? "AND (at, key) < ($3::bigint, $4)" : ""}`, "$2"),
      values: [sinceMs, limit + 1, ...(before ? [before.atMs, indexKey(before.key)] : [])],
      take: (rows) => answer(cutPage(rows.map(changeOf), Number(rows[0]?.["total"] ?? 0), limit)),
    },
  ],

  changesAbout: ({ about: { service, app, fromMs, toMs, limit } }, _, answer) => [
    {
      sql: `${changesWhere("service = $1")} UNION ALL ${changesWhere("app = $2")}`,
      values: [...[service, app].map((value) => (value === undefined ? null : indexKey(value))), fromMs, toMs, limit],
      take: (rows) => answer(rows.map(changeOf)),
    },
  ],

  previous: ({ of: { id, target, dedupKey } }, context, answer) => [
    {
      sql: `SELECT * FROM incidents i WHERE ${sameKey("i.dedup_key", "$1")} AND ${sameKey("i.target", "$2")} AND i.id < $3
        ORDER BY i.id DESC LIMIT 1`,
      values: [indexKey(dedupKey), indexKey(target), id],
      take: ([row]) => answer(row ? keepIncident(context, row).id : null),
    },
  ],

  pendingReceiverEvents: ({ limit }, _, answer) => [
    {
      sql: "SELECT * FROM receiver_events WHERE look_up_at IS NOT NULL ORDER BY look_up_at, received_at, id LIMIT $1",
      values: [limit],
      take: (rows) => answer(rows.map(receiverEventOf)),
    },
  ],

  untold: ({ endpoint }, context, answer) => [
    {
      sql: "SELECT * FROM incidents WHERE endpoint = $1 AND due_at IS NOT NULL AND untold ORDER BY id",
      values: [endpoint],
      take: (rows) => answer(rows.map((row) => keepIncident(context, row).id)),
    },
  ],

  atEndpoint: ({ endpoint }, _, answer) => [
    {
      sql: "SELECT n FROM counts WHERE what = $1",
      values: [`endpoint ${endpoint}`],
      take: ([row]) => answer(Number(row?.["n"] ?? 0)),
    },
  ],

  waiting: ({ nowMs }, _, answer) => [
    {
      sql: `SELECT endpoint, urgency, count(*) FILTER (WHERE due_at <= $1) AS now, count(*) FILTER (WHERE due_at > $1) AS later
        FROM incidents i WHERE due_at IS NOT NULL AND NOT ${isFlying} GROUP BY endpoint, urgency`,
      values: [nowMs],
      take: (rows) =>
        answer(
          rows.map((row) => ({
            endpoint: Number(row["endpoint"]),
            urgency: Number(row["urgency"]) as Urgency,
            now: Number(row["now"]),
            later: Number(row["later"]),
          })),
        ),
    },
  ],

  mostUrgent: ({ limit }, context, answer) => [
    {
      sql: `SELECT i.* FROM endpoints e CROSS JOIN generate_series(0, ${urgency.reminder - 1}) u CROSS JOIN LATERAL
        (SELECT * FROM incidents WHERE id = ANY(ARRAY(${endOfLane("due_at, id", "$1")}
           UNION ${oldestIn(`${endOfLane("due_at, id", "2000")} UNION ${endOfLane("due_at DESC, id DESC", "2000")}`)}))) i`,
      values: [limit],
      take: (rows) => answer(rows.map((row) => keepIncident(context, row))),
    },
  ],

  gate: ({ gate, id }, _, answer) => [
    {
      sql: "SELECT facts FROM gates WHERE kind = $1 AND id = $2",
      values: [gate, indexKey(id)],
      take: ([row]) => answer(row && (JSON.parse(text(row["facts"])) as [string, unknown])[1]),
    },
  ],

  gates: ({ gate }, _, answer) => [
    {
      sql: "SELECT facts FROM gates WHERE kind = $1",
      values: [gate],
      take: (rows) => answer(rows.map((row) => JSON.parse(text(row["facts"])) as [string, unknown])),
    },
  ],

  stats: (_nothing, _, answer) => statsSteps(answer),

  over: (asks, context, answer) => expiredSteps(asks, context, answer),
};

/** Numbers of waiting incidents of the endpoint `e` and the urgency `u`. */
const endOfLane = (order: string, limit: string): string =>
  `(SELECT id FROM incidents WHERE endpoint = e.id AND urgency = u AND due_at IS NOT NULL ORDER BY ${order} LIMIT ${limit})`;

/** The oldest unacknowledged ones. In JSON a quote within a text has a backslash, so no text looks like a field. */
const oldestIn = (ids: string): string =>
  `(SELECT id FROM incidents WHERE id = ANY(ARRAY(${ids})) AND state = 'due' AND facts NOT LIKE '%"acknowledged":true%'
    ORDER BY accepted_at, id LIMIT $1)`;

const changesWhere = (label: string): string =>
  `(SELECT key, accepted_at, facts FROM changes WHERE ${label} AND at BETWEEN $3 AND $4 ORDER BY at DESC LIMIT $5)`;

/** True if the incident `i` belongs, or belonged, to the alert with this fingerprint. */
const isOfAlert = (fingerprint: string): string =>
  `((${sameKey("i.dedup_key", fingerprint)}) OR i.id = ANY(ARRAY(SELECT incident FROM members WHERE fingerprint = ${fingerprint})))`;

const isFlying = "i.id = ANY(ARRAY(SELECT incident FROM flights WHERE incident IS NOT NULL))";

function incidentsWhere({
  state,
  target,
  fingerprint,
  severity,
  limit,
  cursor,
}: IncidentQuery): Pick<Step, "sql" | "values"> {
  const values: unknown[] = [];
  const value = (of: unknown): string => `$${values.push(of)}`;
  const where = [`i.id < ${value(cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor))}`];
  if (state === "in_flight") where.push(isFlying);
  else if (state !== undefined) where.push(`i.state = ${value(state)}`, `NOT ${isFlying}`);
  // Most incidents are over and few wait. This condition makes PostgreSQL use the index of due rows.
  if (state === "due") where.push("i.due_at IS NOT NULL");
  if (target !== undefined) where.push(`i.target = ${value(indexKey(target))}`);
  if (severity !== undefined) where.push(`i.severity = ${value(severity)}`);
  if (fingerprint !== undefined) {
    where.push(isOfAlert(value(indexKey(fingerprint))));
  }
  return {
    sql: `SELECT i.* FROM incidents i WHERE ${where.join(" AND ")} ORDER BY i.id DESC LIMIT ${value(limit + 1)}`,
    values,
  };
}

/** Searches the oldest waiting incident lane by lane, so that incidents that were sent long ago and only wait for a reminder are not read. */
function statsSteps(answer: (stats: Queries["stats"]["answer"]) => void): Step[] {
  const counts = new RowCounts();
  const due: { target: string; severity: Severity; oldestAtMs: number }[] = [];
  return [
    {
      sql: "SELECT what, n FROM counts WHERE n <> 0",
      values: [],
      take: (rows) => counts.load(rows.map((row): [string, number] => [text(row["what"]), Number(row["n"])])),
    },
    {
      sql: `SELECT i.target, i.severity, min(i.accepted_at) AS oldest FROM endpoints e CROSS JOIN generate_series(0, ${urgency.reminder - 1}) u
        JOIN incidents i ON i.endpoint = e.id AND i.urgency = u AND i.due_at IS NOT NULL AND i.state IN ('due', 'in_flight', 'candidate')
        GROUP BY i.target, i.severity`,
      values: [],
      take(rows) {
        for (const row of rows)
          due.push({
            target: text(row["target"]),
            severity: row["severity"] as Severity,
            oldestAtMs: Number(row["oldest"]),
          });
      },
    },
    {
      sql: "SELECT target, reason, count(*) AS n FROM dead_letters GROUP BY target, reason",
      values: [],
      take(rows) {
        const deadLetters = rows.map((row) => ({
          target: text(row["target"]),
          reason: row["reason"] as Reason,
          count: Number(row["n"]),
        }));
        const alerts = { firing: counts.alerts("firing"), resolved: counts.alerts("resolved") };
        answer({ incidents: counts.incidents(), due, deadLetters, alerts });
      },
    },
  ];
}

/**
 * Resolved alerts have no index by age, since it would make every repeat of a firing alert more expensive. So the reader
 * searches for them without the lock, however long that takes, and the writer checks the alerts found once more under the lock.
 */
function expiredSteps(
  { limits }: Queries["over"]["asks"],
  context: ReadContext,
  answer: (over: Expired) => void,
): Step[] {
  const { beforeMs, changesBeforeMs, receiverEventsBeforeMs, maxRows } = limits;
  const over = {
    incidents: [] as Expired["incidents"],
    letters: [] as number[],
    changes: [] as string[],
    receiverEvents: [] as Expired["receiverEvents"],
  };
  const { found, locked } = context.forgetting;
  return [
    {
      sql: `SELECT * FROM incidents WHERE state IN ('closed', 'not_told', 'dead') AND due_at IS NULL AND updated_at < $1
        AND NOT (state = 'dead' AND owed) ORDER BY updated_at LIMIT $2`,
      values: [beforeMs, maxRows],
      take(rows) {
        over.incidents = rows.map((row) => keepIncident(context, row));
      },
    },
    {
      sql: "SELECT id FROM dead_letters WHERE at < $1 ORDER BY id LIMIT $2",
      values: [beforeMs, maxRows],
      take: (rows) => void over.letters.push(...rows.map((row) => Number(row["id"]))),
    },
    {
      sql: "SELECT key FROM changes WHERE accepted_at < $1 ORDER BY accepted_at LIMIT $2",
      values: [changesBeforeMs, maxRows],
      take: (rows) => void over.changes.push(...rows.map((row) => text(row["key"]))),
    },
    {
      sql: "SELECT callback, id FROM receiver_events WHERE received_at < $1 ORDER BY received_at LIMIT $2",
      values: [receiverEventsBeforeMs, maxRows],
      take(rows) {
        over.receiverEvents = rows.map((row) => ({ callback: text(row["callback"]), id: text(row["id"]) }));
      },
    },
    {
      sql: `SELECT * FROM alerts a WHERE status = 'resolved' AND confirmed_at < $1 ${locked ? "AND fingerprint = ANY($3::text[])" : ""}
        AND NOT EXISTS (SELECT 1 FROM incidents i WHERE ${sameKey("i.dedup_key", "a.fingerprint")})
        AND NOT EXISTS (SELECT 1 FROM members m WHERE m.fingerprint = a.fingerprint) LIMIT $2`,
      values: [beforeMs, maxRows, ...(locked ? [found.alerts] : [])],
      take(rows) {
        if (!locked) found.alerts = rows.map((row) => text(row["fingerprint"]));
        answer({ ...over, alerts: rows.map(alertOf) });
      },
    },
  ];
}
