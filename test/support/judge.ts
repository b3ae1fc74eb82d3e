import {
  judge as judgeTruth,
  readTruth,
  type RequestRow,
  type Simulator,
  type TruthEvent,
  type Verdict,
} from "@tocsin/simulator";
import type { InFlightAttempt } from "./in-flight.ts";

/**
 * An answer that came so shortly before a SIGKILL may not have been durable yet, also where the receiver saw another request
 * on the same connection since. A commit takes a few ms; on a machine that does other things too, now and then much more.
 */
const doubtMs = 1_000;

/** Requests whose sender was killed at one of these instants, by wall clock, before it can surely have noted their answer. */
export const justBefore =
  (killedAtMs: readonly number[], { answeredAfterMs = 0 } = {}) =>
  ({ at }: RequestRow): boolean => {
    const atMs = Date.parse(at);
    return killedAtMs.some((killedMs) => atMs <= killedMs && killedMs <= atMs + answeredAfterMs + doubtMs);
  };

/** Requests of these attempts. */
export const among =
  (attempts: readonly InFlightAttempt[]) =>
  ({ at, dedup_key: key }: RequestRow): boolean => {
    const atMs = Date.parse(at);
    return attempts.some((one) => one.dedupKey === key && one.sinceMs <= atMs && atMs < one.leaseUntilMs);
  };

export interface Judgement {
  readonly verdict: Verdict;
  /** Events that the receiver took in although the one before of the same problem had said the same. */
  readonly repeats: number;
  /** Those of them that changed nothing there: ends of what had ended. */
  readonly dropped: number;
  /** Requests that the receiver took in, and whose sender cannot be sure of it. */
  readonly ambiguous: number;
}

export interface Reality {
  readonly truth: readonly TruthEvent[];
  /** How long it took at most from when something was said first until it was heard. @default 0 */
  readonly heardAfterMs?: number;
  /** Requests whose sender may never have noted the answer. @default none */
  readonly inDoubt?: (request: RequestRow) => boolean;
}

/** The maximum time of a request in flight, ms. */
const graceMs = 15_000;

/** Compares the events at the receiver with the truth. Call it when all is quiet. */
export function judge(stand: Simulator, { truth, heardAfterMs = 0, inDoubt = () => false }: Reality): Judgement {
  const requests = stand
    .requests(Infinity)
    .map((row) => (row.applied && inDoubt(row) ? { ...row, ambiguous: true } : row));
  const verdict = judgeTruth(readTruth({ events: truth, grace: (graceMs + heardAfterMs) / 1_000 }), {
    incidents: stand.incidents(),
    changes: stand.changes(),
    requests,
    refused: stand.refused(),
    overLimit: stand.overLimit(),
  });
  return {
    verdict,
    ...repeatsOf(requests),
    ambiguous: requests.filter(({ ambiguous, unread }) => ambiguous || unread).length,
  };
}

function repeatsOf(requests: readonly RequestRow[]): Pick<Judgement, "repeats" | "dropped"> {
  const last = new Map<string, string>();
  let repeats = 0;
  let dropped = 0;
  for (const { applied, action, effect, dedup_key: dedupKey } of requests) {
    if (!applied || dedupKey === null) continue;
    if (last.get(dedupKey) === action) {
      repeats++;
      if (effect === "dropped") dropped++;
    }
    last.set(dedupKey, action);
  }
  return { repeats, dropped };
}
