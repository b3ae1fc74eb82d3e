import type { Incident } from "@tocsin/core/decisions";
import { SqliteStore } from "../sqlite/store.ts";
import { openSqliteLedger } from "../sqlite/ledger.ts";
import type { ChangeRecord, GateKind } from "../../ledger/store.ts";
import { ReadSet } from "./read-set.ts";
import { BinaryArrays } from "./binary-arrays.ts";
import { connect, type PostgresServer } from "./connect.ts";
import { UnitOfWork } from "./unit-of-work.ts";
import { migrate } from "./migrate.ts";
import { ReplicaCache } from "./replica-cache.ts";
import type { Head } from "./sync-replica-cache.ts";
import type { Session, Step } from "./session.ts";
import { writeHead, writeRows } from "./write-rows.ts";

export interface CopyOptions {
  /** The SQLite file. No service may have it open. */
  readonly from: string;
  readonly to: PostgresServer;
}

export interface Copied {
  readonly alerts: number;
  readonly incidents: number;
  readonly deadLetters: number;
}

const letterColumns = new BinaryArrays({
  id: "bigint",
  at: "bigint",
  target: "text",
  reason: "text",
  replayed_at: "bigint",
  facts: "text",
});

/** How many rows one statement writes. */
const page = 500;
const patienceMs = 120_000;

/** All kinds except `meta`, which belongs to the file: its epoch and its time. */
const kinds: readonly GateKind[] = ["credential", "bucket", "target", "endpoint", "source", "memory", "shape"];

/**
 * Copies the whole state of an installation into an empty ledger in PostgreSQL, in one transaction. The file does not change,
 * with one exception: attempts that were under way when its service was killed are marked as perhaps sent, as at every start.
 *
 * @throws Error if the file is in use, or the database has a ledger that is not empty
 */
export async function copyLedger({ from, to }: CopyOptions): Promise<Copied> {
  await (await openSqliteLedger({ path: from, thread: false }))[Symbol.asyncDispose]();
  const source = new SqliteStore(from);
  const session = await connect(to).catch((error: unknown) => {
    source.close();
    throw error;
  });
  try {
    await migrate(session);
    return await copyAll(source, session);
  } finally {
    source.close();
    await session.end();
  }
}

async function copyAll(source: SqliteStore, session: Session): Promise<Copied> {
  let used = false;
  await session.run(
    [
      { sql: "BEGIN" },
      { sql: "SET LOCAL statement_timeout = 0" },
      { sql: "SET LOCAL idle_in_transaction_session_timeout = 0" },
      { sql: "LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE" },
      {
        sql: "SELECT EXISTS (SELECT 1 FROM alerts) OR EXISTS (SELECT 1 FROM incidents) OR EXISTS (SELECT 1 FROM endpoints) AS used",
        take: ([row]) => void (used = row?.["used"] === true),
      },
    ],
    patienceMs,
  );
  if (used) throw new Error("it holds a ledger already: a copy goes into an empty one");

  const head: Head = {
    seq: 1,
    endpointsSeq: 1,
    timeMs: Number(source.gate("meta", "time") ?? 0),
    clockMs: 0,
    // Higher than every token that the file gave, or would have given after its next start.
    lastToken: (Number(source.gate("meta", "epoch") ?? 0) + 1) * 2 ** 32,
    lastId: 0,
  };
  const write = async (fill: (unit: UnitOfWork) => void): Promise<void> => {
    const unit = new UnitOfWork({ readSet: new ReadSet(), cache: new ReplicaCache(), lastId: 0, perLane: 0 });
    fill(unit);
    await session.run(writeRows(unit, new ReplicaCache(), { ...head, seq: 0 }).steps, patienceMs);
  };

  await write((unit) => {
    for (const record of source.endpoints()) {
      unit.putEndpoint(record);
      head.lastId = Math.max(head.lastId, record.id);
    }
    for (const slot of source.slots()) unit.putSlot(slot);
    for (const kind of kinds) for (const [id, facts] of source.gates(kind)) unit.putGate(kind, id, facts);
  });
  let alerts = 0;
  for (let after = ""; ;) {
    const records = source.alertsByFingerprint(after, page);
    await write((unit) => {
      for (const record of records) unit.putAlert(undefined, record);
    });
    alerts += records.length;
    const last = records.at(-1);
    if (!last || records.length < page) break;
    after = last.fingerprint;
  }
  await copyChanges(source, write);
  await copyReceiverEvents(source, write);
  const incidents = await copyIncidents(source, write, (id) => (head.lastId = Math.max(head.lastId, id)));
  const deadLetters = await copyLetters(source, session);
  const done: Step[] = [...writeHead(head, "copy"), { sql: "COMMIT" }];
  await session.run(done, patienceMs);
  return { alerts, incidents, deadLetters };
}

async function copyIncidents(
  source: SqliteStore,
  write: (fill: (unit: UnitOfWork) => void) => Promise<void>,
  seen: (id: number) => void,
): Promise<number> {
  let copied = 0;
  let cursor: string | undefined;
  do {
    const found = source.incidents({ limit: page, ...(cursor !== undefined && { cursor }) });
    await write((unit) => {
      for (const incident of found.incidents) {
        seen(incident.id);
        keep(unit, incident);
        for (const entry of source.history(incident.id)) unit.addHistory(entry);
      }
    });
    copied += found.incidents.length;
    cursor = found.nextCursor;
  } while (cursor !== undefined);
  return copied;
}

/** Like `insertIncident`, but the incident keeps its number. */
function keep(unit: UnitOfWork, incident: Incident): void {
  unit.inserted.add(incident.id);
  unit.incidentsPut.set(incident.id, incident);
  unit.counts.addIncident(incident, 1);
  for (const { fingerprint } of incident.members) unit.addMember(fingerprint, incident);
}

async function copyChanges(
  source: SqliteStore,
  write: (fill: (unit: UnitOfWork) => void) => Promise<void>,
): Promise<void> {
  let last: ChangeRecord | undefined;
  do {
    const before = last && { atMs: last.change.timestampMs, key: last.key };
    const { records } = source.changes({ sinceMs: Number.MIN_SAFE_INTEGER, before, limit: page });
    await write((unit) => {
      for (const record of records) unit.putChange(undefined, record);
    });
    last = records.at(-1);
  } while (last);
}

async function copyReceiverEvents(
  source: SqliteStore,
  write: (fill: (unit: UnitOfWork) => void) => Promise<void>,
): Promise<void> {
  let after = { callback: "", id: "" };
  for (;;) {
    const records = source.receiverEventsAfter(after, page);
    const last = records.at(-1);
    if (!last) return;
    await write((unit) => {
      for (const record of records) unit.putReceiverEvent(undefined, record);
    });
    after = last;
  }
}

/** Dead letters keep their numbers, since people may have noted them. */
async function copyLetters(source: SqliteStore, session: Session): Promise<number> {
  let copied = 0;
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const letters = source.deadLetters(page, before);
    const rows = letters.map((letter) => ({
      id: letter.id,
      at: letter.atMs,
      target: letter.target,
      reason: letter.reason,
      replayed_at: letter.replayedAtMs,
      facts: JSON.stringify(letter),
    }));
    await session.run(
      [
        {
          sql: `INSERT INTO dead_letters (${letterColumns.names}) OVERRIDING SYSTEM VALUE SELECT * FROM ${letterColumns.rows}`,
          values: letterColumns.valuesOf(rows),
        },
      ],
      patienceMs,
    );
    copied += letters.length;
    const last = letters.at(-1);
    if (!last || letters.length < page) break;
    before = last.id;
  }
  const sequence = "pg_get_serial_sequence('dead_letters', 'id')";
  await session.run(
    [{ sql: `SELECT setval(${sequence}, GREATEST(1, (SELECT COALESCE(max(id), 0) FROM dead_letters) + 1), false)` }],
    patienceMs,
  );
  return copied;
}
