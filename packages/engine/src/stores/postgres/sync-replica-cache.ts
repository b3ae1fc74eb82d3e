import type { Flight, TargetTerms, Urgency } from "@tocsin/core/decisions";
import type { EndpointRecord, GateKind, Slot } from "../../ledger/store.ts";
import type { ReplicaCache, CacheChanges, Seat } from "./replica-cache.ts";
import { type Row, text } from "./rows.ts";
import type { Step } from "./session.ts";

/** The row of the table `ledger` at the start of a transaction. */
export interface Head {
  seq: number;
  endpointsSeq: number;
  /** The ledger's time when it was last written, and the time of the database's clock. */
  timeMs: number;
  clockMs: number;
  lastToken: number;
  lastId: number;
}

interface ReadHead extends Head {
  /** The oldest version that may use these tables, by the number of migrations that it knows. */
  compatibleFrom: number;
}

/** The statements that bring a cache up to date. Stored values (kind `memory`) stay in the database: they are large, and are read by name. */
export function syncReplicaCache(cache: ReplicaCache, clockMs: number | null): { steps: Step[]; head: ReadHead } {
  const head: ReadHead = { seq: 0, endpointsSeq: 0, timeMs: 0, clockMs: 0, lastToken: 0, lastId: 0, compatibleFrom: 0 };
  const steps: Step[] = [
    {
      sql: "SELECT *, COALESCE($1::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) AS clock FROM ledger",
      values: [clockMs],
      take([row]) {
        if (!row) throw new Error("the row of the table ledger is missing");
        head.seq = Number(row["seq"]);
        head.endpointsSeq = Number(row["endpoints_seq"]);
        head.timeMs = Number(row["time"]);
        head.clockMs = Number(row["clock"]);
        head.lastToken = Number(row["last_token"]);
        head.lastId = Number(row["last_id"]);
        head.compatibleFrom = Number(row["compatible_from"]);
      },
    },
    {
      sql: `SELECT 'gate' AS what, NULL::bigint AS a, NULL::bigint AS b, NULL::bigint AS c, kind AS name, facts
          FROM gates WHERE seq > $1 AND kind NOT IN ('memory', 'shape')
        UNION ALL SELECT 'slot', token, urgency, free_at, credential, NULL FROM slots WHERE seq > $1
        UNION ALL SELECT 'seat', seat, incident, endpoint, NULL, facts FROM flights WHERE seq > $1
        UNION ALL SELECT 'endpoint', id, current::int, NULL, NULL, terms FROM endpoints
          WHERE (SELECT endpoints_seq FROM ledger) > $2`,
      values: [cache.seq, cache.endpointsSeq],
      take(rows) {
        cache.take(changesIn(rows, head.endpointsSeq > cache.endpointsSeq));
        cache.seq = head.seq;
        cache.endpointsSeq = head.endpointsSeq;
      },
    },
  ];
  return { steps, head };
}

function changesIn(rows: readonly Row[], endpointsChanged: boolean): CacheChanges {
  const cacheChanges = {
    gates: [] as { kind: GateKind; id: string; facts: unknown }[],
    slots: [] as Slot[],
    seats: [] as (readonly [number, Seat | null])[],
  };
  const endpoints: EndpointRecord[] = [];
  for (const row of rows) {
    const a = Number(row["a"]);
    if (row["what"] === "gate") {
      const [id, facts] = JSON.parse(text(row["facts"])) as [string, unknown];
      cacheChanges.gates.push({ kind: row["name"] as GateKind, id, facts });
    } else if (row["what"] === "slot") {
      const urgency = Number(row["b"]) as Urgency;
      cacheChanges.slots.push({ token: a, credential: text(row["name"]), urgency, freeAtMs: Number(row["c"]) });
    } else if (row["what"] === "endpoint") {
      const terms = JSON.parse(text(row["facts"])) as TargetTerms;
      endpoints.push({ id: a, current: Number(row["b"]) === 1, terms });
    } else if (row["b"] === null) cacheChanges.seats.push([a, null]);
    else {
      const flight = JSON.parse(text(row["facts"])) as Flight;
      cacheChanges.seats.push([a, { seat: a, incident: Number(row["b"]), endpoint: Number(row["c"]), flight }]);
    }
  }
  return endpointsChanged ? { ...cacheChanges, endpoints: endpoints.toSorted((a, b) => a.id - b.id) } : cacheChanges;
}
