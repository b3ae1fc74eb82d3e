import type { Flight, TargetTerms, Urgency } from "@tocsin/core/decisions";
import type { GateKind } from "../store.ts";
import type { Mirror } from "./mirror.ts";
import { text } from "./rows.ts";
import type { Step } from "./session.ts";

/** The ledger's row, as it is at the start of a transaction. */
export interface Head {
  seq: number;
  endpointsSeq: number;
  /** The time that was last written, and the database's. */
  timeMs: number;
  clockMs: number;
  lastToken: number;
  lastId: number;
}

/** Brings a mirror up to date. Texts that are remembered stay where they are: they are large, and asked for by name. */
export function mirrorSteps(mirror: Mirror, clockMs: number | null): { steps: Step[]; head: Head } {
  const head: Head = { seq: 0, endpointsSeq: 0, timeMs: 0, clockMs: 0, lastToken: 0, lastId: 0 };
  const since = [mirror.seq];
  const steps: Step[] = [
    {
      sql: "SELECT *, COALESCE($1::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) AS clock FROM ledger",
      values: [clockMs],
      take([row]) {
        if (!row) throw new Error("the table ledger has lost its row");
        head.seq = Number(row["seq"]);
        head.endpointsSeq = Number(row["endpoints_seq"]);
        head.timeMs = Number(row["time"]);
        head.clockMs = Number(row["clock"]);
        head.lastToken = Number(row["last_token"]);
        head.lastId = Number(row["last_id"]);
      },
    },
    {
      sql: "SELECT * FROM endpoints WHERE (SELECT endpoints_seq FROM ledger) > $1 ORDER BY id",
      values: [mirror.endpointsSeq],
      take(rows) {
        if (head.endpointsSeq <= mirror.endpointsSeq) return;
        mirror.endpointsSeq = head.endpointsSeq;
        mirror.endpoints = rows.map((row) => ({
          id: Number(row["id"]),
          current: row["current"] === true,
          terms: JSON.parse(text(row["terms"])) as TargetTerms,
        }));
      },
    },
    {
      sql: "SELECT kind, facts FROM gates WHERE seq > $1 AND kind <> 'memory'",
      values: since,
      take(rows) {
        const gates = rows.map((row) => {
          const [id, facts] = JSON.parse(text(row["facts"])) as [string, unknown];
          return { kind: row["kind"] as GateKind, id, facts };
        });
        mirror.take({ gates, slots: [], seats: [] });
      },
    },
    {
      sql: "SELECT * FROM slots WHERE seq > $1",
      values: since,
      take(rows) {
        const slots = rows.map((row) => ({
          token: Number(row["token"]),
          credential: text(row["credential"]),
          urgency: row["urgency"] as Urgency,
          freeAtMs: Number(row["free_at"]),
        }));
        mirror.take({ gates: [], slots, seats: [] });
      },
    },
    {
      sql: "SELECT * FROM flights WHERE seq > $1",
      values: since,
      take(rows) {
        const seats = rows.map((row) => {
          const seat = Number(row["seat"]);
          if (row["incident"] === null) return [seat, null] as const;
          const flight = JSON.parse(text(row["facts"])) as Flight;
          return [
            seat,
            { seat, incident: Number(row["incident"]), endpoint: Number(row["endpoint"]), flight },
          ] as const;
        });
        mirror.take({ gates: [], slots: [], seats });
        mirror.seq = head.seq;
      },
    },
  ];
  return { steps, head };
}
