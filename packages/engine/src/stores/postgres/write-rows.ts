import type { DeadLetter, HistoryEntry, Incident } from "@tocsin/core/decisions";
import type { AlertRecord } from "../../ledger/store.ts";
import { BinaryArrays } from "./binary-arrays.ts";
import type { UnitOfWork } from "./unit-of-work.ts";
import { isMirrored, type ReplicaCache, type CacheChanges, type Seat } from "./replica-cache.ts";
import type { Head } from "./sync-replica-cache.ts";
import {
  alertColumns,
  alertRow,
  changeColumns,
  changeRow,
  incidentColumns,
  incidentRow,
  receiverEventColumns,
  receiverEventRow,
  text,
} from "./rows.ts";
import type { Step } from "./session.ts";
import { indexKey, storableText } from "./index-key.ts";

export interface Writes {
  readonly steps: readonly Step[];
  /** The changes that the replica cache takes over after the commit. */
  readonly cacheChanges: CacheChanges;
}

const slotColumns = new BinaryArrays({ token: "bigint", credential: "text", urgency: "smallint", free_at: "bigint" });
const gateColumns = new BinaryArrays({ kind: "text", id: "text", facts: "text" });
const silentColumns = new BinaryArrays({ source: "text", fingerprint: "text" });
const memberColumns = new BinaryArrays({ fingerprint: "text", incident: "bigint" });
const historyColumns = new BinaryArrays({ incident: "bigint", at: "bigint", what: "text", detail: "text" });
const letterColumns = new BinaryArrays({ at: "bigint", target: "text", reason: "text", facts: "text" });
const replayColumns = new BinaryArrays({ id: "bigint", at: "bigint" });
const endpointColumns = new BinaryArrays({ id: "bigint", current: "boolean", terms: "text" });
const seatColumns = new BinaryArrays({ seat: "integer", incident: "bigint", endpoint: "bigint", facts: "text" });
const countColumns = new BinaryArrays({ what: "text", n: "bigint" });

/** The statements that write the changes of a run: at most one of each kind per table, and none if nothing changed. */
export function writeRows(unit: UnitOfWork, cache: ReplicaCache, head: Head): Writes {
  const seq = head.seq + 1;
  const seats = seatsAfter(unit, cache);
  const gates = [...unit.gatesPut.values()];
  const slots = [...unit.slotsPut.values()];
  const endpointsChanged = unit.endpointsPut.size > 0 || unit.endpointsDropped.size > 0;
  const cacheChanges: CacheChanges = {
    ...(endpointsChanged && { endpoints: unit.endpoints() }),
    gates: gates.filter(({ kind }) => isMirrored(kind)),
    slots,
    slotsDropped: unit.slotsDropped,
    seats,
  };
  const steps = [
    ...alertSteps(unit),
    ...incidentSteps(unit),
    ...changeSteps(unit),
    ...receiverEventSteps(unit),
    ...storySteps(unit),
    ...forgetSteps(unit),
    ...endpointSteps(unit),
    ...(seats.length > 0 ? [seatStep(seats, seq)] : []),
    ...(slots.length > 0
      ? [
          {
            sql: `INSERT INTO slots (seq, ${slotColumns.names}) SELECT ${slotColumns.next}::bigint, * FROM ${slotColumns.rows}
              ON CONFLICT (token) DO UPDATE SET seq = excluded.seq, free_at = excluded.free_at`,
            values: [
              ...slotColumns.valuesOf(slots.map(({ freeAtMs, ...slot }) => ({ ...slot, free_at: freeAtMs }))),
              seq,
            ],
          },
        ]
      : []),
    ...(unit.slotsDropped.size > 0
      ? [{ sql: "DELETE FROM slots WHERE token = ANY($1::bigint[])", values: [[...unit.slotsDropped]] }]
      : []),
    ...(gates.length > 0
      ? [
          {
            sql: `INSERT INTO gates (seq, ${gateColumns.names}) SELECT ${gateColumns.next}::bigint, * FROM ${gateColumns.rows}
              ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, facts = excluded.facts`,
            values: [
              ...gateColumns.valuesOf(
                gates.map(({ kind, id, facts }) => ({ kind, id: indexKey(id), facts: JSON.stringify([id, facts]) })),
              ),
              seq,
            ],
          },
        ]
      : []),
    ...dropGatesSteps(unit),
    ...countSteps(unit),
  ];
  return { steps, cacheChanges };
}

const dropGatesSteps = ({ gatesDropped }: UnitOfWork): Step[] =>
  [...Map.groupBy(gatesDropped.values(), ({ kind }) => kind)].map(([kind, gates]) => ({
    sql: "DELETE FROM gates WHERE kind = $1 AND id = ANY($2::text[])",
    values: [kind, gates.map(({ id }) => indexKey(id))],
  }));

/** Writes the row of the table `ledger` and the last transaction of this writer. Reports PostgreSQL's number of the transaction. */
export const writeHead = (head: Head, writer: string, is?: (transaction: string) => void): Step[] => [
  {
    sql: `UPDATE ledger SET seq = $1, endpoints_seq = $2, time = $3, last_token = $4, last_id = $5
      RETURNING pg_current_xact_id()::text AS transaction`,
    values: [head.seq, head.endpointsSeq, head.timeMs, head.lastToken, head.lastId],
    take: ([row]) => is?.(text(row?.["transaction"])),
  },
  {
    sql: "INSERT INTO writers (id, seq) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
    values: [writer, head.seq],
  },
];

/** A write that does not change the last transaction of this writer, but makes the server commit. */
export const writeVisit = (writer: string): Step => ({
  sql: "INSERT INTO writers (id, seq) VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET seq = writers.seq",
  values: [writer],
});

function alertSteps({ alertsPut }: UnitOfWork): Step[] {
  const added: AlertRecord[] = [];
  const changed: { before: AlertRecord; after: AlertRecord }[] = [];
  const silent: { source: string; fingerprint: string }[] = [];
  const spoke: { source: string; fingerprint: string }[] = [];
  for (const { before, after } of alertsPut.values()) {
    if (before) changed.push({ before, after });
    else added.push(after);
    const fingerprint = indexKey(after.fingerprint);
    const was = before?.silent ?? [];
    if (was.length === 0 && after.silent.length === 0) continue;
    for (const source of after.silent)
      if (!was.includes(source)) silent.push({ source: indexKey(source), fingerprint });
    for (const source of was) if (!after.silent.includes(source)) spoke.push({ source: indexKey(source), fingerprint });
  }
  return [
    ...(added.length > 0
      ? [
          {
            sql: `INSERT INTO alerts (${alertColumns.names})
              SELECT fingerprint, status, look_at, confirmed_at, incidents::bigint[], content, facts FROM ${alertColumns.rows}`,
            values: alertColumns.valuesOf(added.map(alertRow)),
          },
        ]
      : []),
    ...(changed.length > 0
      ? [
          {
            sql: `UPDATE alerts a SET status = r.status, look_at = r.look_at, confirmed_at = r.confirmed_at,
              incidents = r.incidents::bigint[], content = COALESCE(r.content, a.content), facts = r.facts
              FROM ${alertColumns.rows} WHERE a.fingerprint = r.fingerprint`,
            // Content that did not change is not sent.
            values: alertColumns.valuesOf(
              changed.map(({ before, after }) => {
                const row = alertRow(after);
                return before.content === after.content ? { ...row, content: null } : row;
              }),
            ),
          },
        ]
      : []),
    ...(silent.length > 0
      ? [
          {
            sql: `INSERT INTO silent (${silentColumns.names}) SELECT * FROM ${silentColumns.rows} ON CONFLICT DO NOTHING`,
            values: silentColumns.valuesOf(silent),
          },
        ]
      : []),
    ...(spoke.length > 0
      ? [
          {
            sql: `DELETE FROM silent s USING ${silentColumns.rows} WHERE s.source = r.source AND s.fingerprint = r.fingerprint`,
            values: silentColumns.valuesOf(spoke),
          },
        ]
      : []),
  ];
}

function incidentSteps({ incidentsPut, inserted, rewritten, members }: UnitOfWork): Step[] {
  const at = (id: number): Incident => incidentsPut.get(id) as Incident;
  const added = [...inserted].map(at);
  const changed = [...rewritten].filter((id) => !inserted.has(id)).map(at);
  return [
    ...(added.length > 0
      ? [
          {
            sql: `INSERT INTO incidents (${incidentColumns.names}) SELECT * FROM ${incidentColumns.rows}`,
            values: incidentColumns.valuesOf(added.map(incidentRow)),
          },
        ]
      : []),
    ...(changed.length > 0
      ? [
          {
            sql: `UPDATE incidents i SET endpoint = r.endpoint, state = r.state, urgency = r.urgency, severity = r.severity,
              due_at = r.due_at, fallback_at = r.fallback_at, untold = r.untold, owed = r.owed, lead = r.lead,
              accepted_at = r.accepted_at, updated_at = r.updated_at, facts = r.facts
              FROM ${incidentColumns.rows} WHERE i.id = r.id`,
            values: incidentColumns.valuesOf(changed.map(incidentRow)),
          },
        ]
      : []),
    ...(members.length > 0
      ? [
          {
            sql: `INSERT INTO members (${memberColumns.names}) SELECT * FROM ${memberColumns.rows} ON CONFLICT DO NOTHING`,
            values: memberColumns.valuesOf(
              members.map(({ fingerprint, incident }) => ({ fingerprint: indexKey(fingerprint), incident })),
            ),
          },
        ]
      : []),
  ];
}

function changeSteps({ changesPut }: UnitOfWork): Step[] {
  if (changesPut.size === 0) return [];
  return [
    {
      sql: `INSERT INTO changes (${changeColumns.names}) SELECT * FROM ${changeColumns.rows}
        ON CONFLICT (key) DO UPDATE SET at = excluded.at, service = excluded.service, app = excluded.app, facts = excluded.facts,
          details = excluded.details`,
      values: changeColumns.valuesOf(Array.from(changesPut.values(), changeRow)),
    },
  ];
}

function receiverEventSteps({ receiverEventsPut }: UnitOfWork): Step[] {
  if (receiverEventsPut.size === 0) return [];
  return [
    {
      sql: `INSERT INTO receiver_events (${receiverEventColumns.names}) SELECT * FROM ${receiverEventColumns.rows}
        ON CONFLICT (callback, id) DO UPDATE SET look_up_at = excluded.look_up_at, facts = excluded.facts`,
      values: receiverEventColumns.valuesOf(Array.from(receiverEventsPut.values(), receiverEventRow)),
    },
  ];
}

/** Writes history and dead letters, which only people read. */
function storySteps({ historyAdded, lettersAdded, letters }: UnitOfWork): Step[] {
  const dropped: number[] = [];
  const replayed: DeadLetter[] = [];
  for (const [id, letter] of letters)
    if (letter) replayed.push(letter);
    else dropped.push(id);
  return [
    ...(historyAdded.length > 0
      ? [
          {
            sql: `INSERT INTO history (${historyColumns.names}) SELECT * FROM ${historyColumns.rows}`,
            values: historyColumns.valuesOf(historyAdded.map(historyRow)),
          },
        ]
      : []),
    ...(lettersAdded.length > 0
      ? [
          {
            sql: `INSERT INTO dead_letters (${letterColumns.names}) SELECT * FROM ${letterColumns.rows}`,
            values: letterColumns.valuesOf(
              lettersAdded.map((letter) => ({
                at: letter.atMs,
                target: storableText(letter.target),
                reason: letter.reason,
                facts: JSON.stringify(letter),
              })),
            ),
          },
        ]
      : []),
    ...(replayed.length > 0
      ? [
          {
            sql: `UPDATE dead_letters d SET replayed_at = r.at FROM ${replayColumns.rows} WHERE d.id = r.id`,
            values: replayColumns.valuesOf(replayed.map(({ id, replayedAtMs }) => ({ id, at: replayedAtMs }))),
          },
        ]
      : []),
    ...(dropped.length > 0
      ? [{ sql: "DELETE FROM dead_letters WHERE id = ANY($1::bigint[])", values: [dropped] }]
      : []),
  ];
}

const historyRow = ({ incident, atMs, what, detail }: HistoryEntry) => ({
  incident,
  at: atMs,
  what: storableText(what),
  detail: detail === undefined ? null : storableText(detail),
});

function forgetSteps({ forgotten: { incidents, letters, alerts, changes, receiverEvents } }: UnitOfWork): Step[] {
  return [
    ...(incidents.length > 0
      ? ["members WHERE incident", "history WHERE incident", "incidents WHERE id"].map((rows) => ({
          sql: `DELETE FROM ${rows} = ANY($1::bigint[])`,
          values: [incidents],
        }))
      : []),
    ...(letters.length > 0
      ? [{ sql: "DELETE FROM dead_letters WHERE id = ANY($1::bigint[])", values: [letters] }]
      : []),
    ...(alerts.length > 0
      ? [{ sql: "DELETE FROM alerts WHERE fingerprint = ANY($1::text[])", values: [alerts.map(indexKey)] }]
      : []),
    ...(changes.length > 0 ? [{ sql: "DELETE FROM changes WHERE key = ANY($1::text[])", values: [changes] }] : []),
    ...(receiverEvents.length > 0
      ? [
          {
            sql: `DELETE FROM receiver_events e USING unnest($1::text[], $2::text[]) AS old (callback, id)
              WHERE e.callback = old.callback AND e.id = old.id`,
            values: [receiverEvents.map(({ callback }) => callback), receiverEvents.map(({ id }) => id)],
          },
        ]
      : []),
  ];
}

function endpointSteps({ endpointsPut, endpointsDropped }: UnitOfWork): Step[] {
  return [
    ...(endpointsPut.size > 0
      ? [
          {
            sql: `INSERT INTO endpoints (${endpointColumns.names}) SELECT * FROM ${endpointColumns.rows}
              ON CONFLICT (id) DO UPDATE SET current = excluded.current, terms = excluded.terms`,
            values: endpointColumns.valuesOf(
              Array.from(endpointsPut.values(), ({ id, current, terms }) => ({
                id,
                current,
                terms: JSON.stringify(terms),
              })),
            ),
          },
        ]
      : []),
    ...(endpointsDropped.size > 0
      ? [{ sql: "DELETE FROM endpoints WHERE id = ANY($1::bigint[])", values: [[...endpointsDropped]] }]
      : []),
  ];
}

/** The seats that were taken, and those that became free (null). */
function seatsAfter({ incidentsPut }: UnitOfWork, cache: ReplicaCache): (readonly [number, Seat | null])[] {
  const seats: (readonly [number, Seat | null])[] = [];
  const free = cache.freeSeats();
  for (const { id, endpoint, flight } of incidentsPut.values()) {
    const before = cache.seatOf(id);
    if (!flight) {
      if (before) seats.push([before.seat, null]);
    } else if (before?.flight !== flight || before.endpoint !== endpoint) {
      const seat = before?.seat ?? free.next().value;
      seats.push([seat, { seat, incident: id, endpoint, flight }]);
    }
  }
  return seats;
}

const seatStep = (seats: readonly (readonly [number, Seat | null])[], seq: number): Step => ({
  sql: `INSERT INTO flights (seq, ${seatColumns.names}) SELECT ${seatColumns.next}::bigint, * FROM ${seatColumns.rows}
    ON CONFLICT (seat) DO UPDATE SET seq = excluded.seq, incident = excluded.incident, endpoint = excluded.endpoint,
      facts = excluded.facts`,
  values: [
    ...seatColumns.valuesOf(
      seats.map(([seat, taken]) => ({
        seat,
        incident: taken?.incident ?? null,
        endpoint: taken?.endpoint ?? null,
        facts: taken ? JSON.stringify(taken.flight) : null,
      })),
    ),
    seq,
  ],
});

/** A unit of work counts from zero, so its counts are the differences to add. */
function countSteps({ counts }: UnitOfWork): Step[] {
  const changed = counts.takeChanged().filter(([, n]) => n !== 0);
  if (changed.length === 0) return [];
  return [
    {
      sql: `INSERT INTO counts (${countColumns.names}) SELECT * FROM ${countColumns.rows}
        ON CONFLICT (what) DO UPDATE SET n = counts.n + excluded.n`,
      values: countColumns.valuesOf(changed.map(([what, n]) => ({ what, n }))),
    },
  ];
}
