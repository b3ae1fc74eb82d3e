import type { Incident } from "@tocsin/core/decisions";
import type { Lane, WaitingLane } from "../../ledger/store.ts";
import type { Database } from "./database.ts";

/** Most index entries that are counted per lane and question, so that intake does not wait for a count: about 0.2 ms. */
const maxCounted = 5_000;

/** How many incidents of each lane are due now, and how many later. Of long lanes it counts the shorter part. */
export function countWaiting(
  db: Database,
  lanes: readonly (Lane & { readonly count: number })[],
  flying: Iterable<Pick<Incident, "endpoint" | "urgency">>,
  nowMs: number,
): WaitingLane[] {
  const inFlight = Map.groupBy(flying, laneOf);
  return lanes.map(({ endpoint, urgency, count: all }) => {
    // Their rows are as they were before the flight: due.
    const flights = inFlight.get(laneOf({ endpoint, urgency }))?.length ?? 0;
    const counted = (when: "<=" | ">"): number =>
      Number(
        db.get(
          `SELECT count(*) AS n FROM
             (SELECT 1 FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at ${when} ? LIMIT ${maxCounted})`,
          endpoint,
          urgency,
          nowMs,
        )?.["n"],
      );
    const now = counted("<=");
    if (now < maxCounted) return { endpoint, urgency, now: Math.max(0, now - flights), later: Math.max(0, all - now) };
    const later = counted(">");
    return { endpoint, urgency, now: Math.max(0, all - later - flights), later };
  });
}

const laneOf = ({ endpoint, urgency }: Pick<Lane, "endpoint" | "urgency">): string => `${endpoint} ${urgency}`;
