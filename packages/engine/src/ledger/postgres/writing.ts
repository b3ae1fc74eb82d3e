import type { DeadLetter, HistoryEntry, Incident } from "@tocsin/core/decisions";
import type { AlertRecord } from "../store.ts";
import type { Draft } from "./draft.ts";
import type { Mirror, News, Seat } from "./mirror.ts";
import type { Head } from "./mirroring.ts";
import { alertColumns, alertRow, incidentColumns, incidentRow } from "./rows.ts";
import type { Step } from "./session.ts";
import { storedKey, storedText } from "./stored-key.ts";

/** Where replicas notify each other: workers that something is due, and who watches of what changed. */
export const channels = { due: "tocsin_due", changed: "tocsin_changed" } as const;

export interface Writing {
  readonly steps: readonly Step[];
  /** What the mirror takes over once this is committed. */
  readonly news: News;
}

/** Rows travel as one JSON text a table, so that a statement is one whatever it writes. */
const rowsOf = (rows: readonly object[]): readonly [string] => [JSON.stringify(rows)];

/** The statements that write what a run changed, each at most once a table; none where nothing changed. */
export function stepsToWrite(draft: Draft, mirror: Mirror, head: Head): Writing {
  const seq = head.seq + 1;
  const seats = seatsAfter(draft, mirror);
  const gates = [...draft.gatesPut.values()];
  const slots = [...draft.slotsPut.values()];
  const endpointsChanged = draft.endpointsPut.size > 0 || draft.endpointsDropped.size > 0;
  const news: News = {
    ...(endpointsChanged && { endpoints: draft.endpoints() }),
    gates: gates.filter(({ kind }) => kind !== "memory"),
    slots,
    slotsDropped: draft.slotsDropped,
    seats,
  };
  const steps = [
    ...alertSteps(draft),
    ...incidentSteps(draft),
    ...storySteps(draft),
    ...forgetSteps(draft),
    ...endpointSteps(draft),
    ...(seats.length > 0 ? [seatStep(seats, seq)] : []),
    ...(slots.length > 0
      ? [
          {
            sql: `INSERT INTO slots (token, seq, credential, urgency, free_at)
              SELECT token, $2::bigint, credential, urgency, "freeAtMs"
              FROM json_to_recordset($1::json) AS r (token bigint, credential text, urgency smallint, "freeAtMs" bigint)
              ON CONFLICT (token) DO UPDATE SET seq = excluded.seq, free_at = excluded.free_at`,
            values: [...rowsOf(slots), seq],
          },
        ]
      : []),
    ...(draft.slotsDropped.size > 0
      ? [{ sql: "DELETE FROM slots WHERE token = ANY($1::bigint[])", values: [[...draft.slotsDropped]] }]
      : []),
    ...(gates.length > 0
      ? [
          {
            sql: `INSERT INTO gates (kind, id, seq, facts)
              SELECT kind, id, $2::bigint, facts FROM json_to_recordset($1::json) AS r (kind text, id text, facts text)
              ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, facts = excluded.facts`,
            values: [
              ...rowsOf(
                gates.map(({ kind, id, facts }) => ({ kind, id: storedKey(id), facts: JSON.stringify([id, facts]) })),
              ),
              seq,
            ],
          },
        ]
      : []),
    ...countSteps(draft),
  ];
  return { steps, news };
}

/** The ledger's own row, and who wrote last. */
export const headSteps = (head: Head, writer: string): Step[] => [
  {
    sql: "UPDATE ledger SET seq = $1, endpoints_seq = $2, time = $3, last_token = $4, last_id = $5",
    values: [head.seq, head.endpointsSeq, head.timeMs, head.lastToken, head.lastId],
  },
  {
    sql: "INSERT INTO writers (id, seq) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
    values: [writer, head.seq],
  },
];

/** Changes nothing of what a writer did last, and is a commit all the same. */
export const visitStep = (writer: string): Step => ({
  sql: "INSERT INTO writers (id, seq) VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET seq = writers.seq",
  values: [writer],
});

function alertSteps({ alertsPut }: Draft): Step[] {
  const added: AlertRecord[] = [];
  const changed: { before: AlertRecord; after: AlertRecord }[] = [];
  const silent: { source: string; fingerprint: string }[] = [];
  const spoke: { source: string; fingerprint: string }[] = [];
  for (const { before, after } of alertsPut.values()) {
    if (before) changed.push({ before, after });
    else added.push(after);
    const fingerprint = storedKey(after.fingerprint);
    const was = before?.silent ?? [];
    if (was.length === 0 && after.silent.length === 0) continue;
    for (const source of after.silent)
      if (!was.includes(source)) silent.push({ source: storedKey(source), fingerprint });
    for (const source of was)
      if (!after.silent.includes(source)) spoke.push({ source: storedKey(source), fingerprint });
  }
  const pairs = "json_to_recordset($1::json) AS r (source text, fingerprint text)";
  return [
    ...(added.length > 0
      ? [
          {
            sql: `INSERT INTO alerts (fingerprint, status, look_at, confirmed_at, incidents, content, facts)
              SELECT fingerprint, status, look_at, confirmed_at, incidents::bigint[], content, facts
              FROM json_to_recordset($1::json) AS r (${alertColumns})`,
            values: rowsOf(added.map(alertRow)),
          },
        ]
      : []),
    ...(changed.length > 0
      ? [
          {
            sql: `UPDATE alerts a SET status = r.status, look_at = r.look_at, confirmed_at = r.confirmed_at,
              incidents = r.incidents::bigint[], content = COALESCE(r.content, a.content), facts = r.facts
              FROM json_to_recordset($1::json) AS r (${alertColumns}) WHERE a.fingerprint = r.fingerprint`,
            // What did not change need not travel.
            values: rowsOf(
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
            sql: `INSERT INTO silent (source, fingerprint) SELECT source, fingerprint FROM ${pairs} ON CONFLICT DO NOTHING`,
            values: rowsOf(silent),
          },
        ]
      : []),
    ...(spoke.length > 0
      ? [
          {
            sql: `DELETE FROM silent s USING ${pairs} WHERE s.source = r.source AND s.fingerprint = r.fingerprint`,
            values: rowsOf(spoke),
          },
        ]
      : []),
  ];
}

function incidentSteps({ incidentsPut, inserted, rewritten, members }: Draft): Step[] {
  const at = (id: number): Incident => incidentsPut.get(id) as Incident;
  const added = [...inserted].map(at);
  const changed = [...rewritten].filter((id) => !inserted.has(id)).map(at);
  const columns = incidentColumns.replaceAll(/ (?:bigint|text|smallint|boolean)/g, "");
  return [
    ...(added.length > 0
      ? [
          {
            sql: `INSERT INTO incidents (${columns}) SELECT ${columns} FROM json_to_recordset($1::json) AS r (${incidentColumns})`,
            values: rowsOf(added.map(incidentRow)),
          },
        ]
      : []),
    ...(changed.length > 0
      ? [
          {
            sql: `UPDATE incidents i SET endpoint = r.endpoint, state = r.state, urgency = r.urgency, severity = r.severity,
              due_at = r.due_at, fallback_at = r.fallback_at, untold = r.untold, owed = r.owed, lead = r.lead,
              accepted_at = r.accepted_at, updated_at = r.updated_at, facts = r.facts
              FROM json_to_recordset($1::json) AS r (${incidentColumns}) WHERE i.id = r.id`,
            values: rowsOf(changed.map(incidentRow)),
          },
        ]
      : []),
    ...(members.length > 0
      ? [
          {
            sql: `INSERT INTO members (fingerprint, incident) SELECT fingerprint, incident
              FROM json_to_recordset($1::json) AS r (fingerprint text, incident bigint) ON CONFLICT DO NOTHING`,
            values: rowsOf(
              members.map(({ fingerprint, incident }) => ({ fingerprint: storedKey(fingerprint), incident })),
            ),
          },
        ]
      : []),
  ];
}

/** What happened, for people. */
function storySteps({ historyAdded, lettersAdded, letters }: Draft): Step[] {
  const dropped: number[] = [];
  const replayed: DeadLetter[] = [];
  for (const [id, letter] of letters)
    if (letter) replayed.push(letter);
    else dropped.push(id);
  return [
    ...(historyAdded.length > 0
      ? [
          {
            sql: `INSERT INTO history (incident, at, what, detail) SELECT incident, at, what, detail
              FROM json_to_recordset($1::json) AS r (incident bigint, at bigint, what text, detail text)`,
            values: rowsOf(historyAdded.map(historyRow)),
          },
        ]
      : []),
    ...(lettersAdded.length > 0
      ? [
          {
            sql: `INSERT INTO dead_letters (at, target, reason, facts) SELECT at, target, reason, facts
              FROM json_to_recordset($1::json) AS r (at bigint, target text, reason text, facts text)`,
            values: rowsOf(
              lettersAdded.map((letter) => ({
                at: letter.atMs,
                target: storedText(letter.target),
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
            sql: `UPDATE dead_letters d SET replayed_at = r.at
              FROM json_to_recordset($1::json) AS r (id bigint, at bigint) WHERE d.id = r.id`,
            values: rowsOf(replayed.map(({ id, replayedAtMs }) => ({ id, at: replayedAtMs }))),
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
  what: storedText(what),
  detail: detail === undefined ? null : storedText(detail),
});

function forgetSteps({ forgotten: { incidents, letters, alerts } }: Draft): Step[] {
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
      ? [{ sql: "DELETE FROM alerts WHERE fingerprint = ANY($1::text[])", values: [alerts.map(storedKey)] }]
      : []),
  ];
}

function endpointSteps({ endpointsPut, endpointsDropped }: Draft): Step[] {
  return [
    ...(endpointsPut.size > 0
      ? [
          {
            sql: `INSERT INTO endpoints (id, current, terms) SELECT id, current, terms
              FROM json_to_recordset($1::json) AS r (id bigint, current boolean, terms text)
              ON CONFLICT (id) DO UPDATE SET current = excluded.current, terms = excluded.terms`,
            values: rowsOf(
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

/** Who took a seat, who left one. */
function seatsAfter({ incidentsPut }: Draft, mirror: Mirror): (readonly [number, Seat | null])[] {
  const seats: (readonly [number, Seat | null])[] = [];
  const free = mirror.freeSeats();
  for (const { id, endpoint, flight } of incidentsPut.values()) {
    const before = mirror.seatOf(id);
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
  sql: `INSERT INTO flights (seat, seq, incident, endpoint, facts)
    SELECT seat, $2::bigint, incident, endpoint, facts
    FROM json_to_recordset($1::json) AS r (seat integer, incident bigint, endpoint bigint, facts text)
    ON CONFLICT (seat) DO UPDATE SET seq = excluded.seq, incident = excluded.incident, endpoint = excluded.endpoint,
      facts = excluded.facts`,
  values: [
    ...rowsOf(
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

/** A draft counts from nothing: what it counted is the difference. */
function countSteps({ counts }: Draft): Step[] {
  const changed = counts.takeChanged().filter(([, n]) => n !== 0);
  if (changed.length === 0) return [];
  return [
    {
      sql: `INSERT INTO counts (what, n) SELECT what, n FROM json_to_recordset($1::json) AS r (what text, n bigint)
        ON CONFLICT (what) DO UPDATE SET n = counts.n + excluded.n`,
      values: rowsOf(changed.map(([what, n]) => ({ what, n }))),
    },
  ];
}
