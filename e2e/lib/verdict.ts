import { judge, readTruth, type RequestRow, type Simulator, type TruthEvent, type Verdict } from "@tocsin/simulator";

/**
 * An answer that came so shortly before a SIGKILL may not have been durable yet, also where the receiver saw another request
 * on the same connection since. A commit takes a few ms; on a machine that does other things too, now and then much more.
 */
const doubtMs = 1_000;

export interface Judged {
  readonly verdict: Verdict;
  /** Events that the receiver took in although the one before of the same problem had said the same. */
  readonly repeats: number;
  /** Requests that the receiver took in, and whose sender cannot be sure of it. */
  readonly ambiguous: number;
}

export interface Reality {
  readonly truth: readonly TruthEvent[];
  /** When the sender was killed, by wall clock. */
  readonly killedAtMs: readonly number[];
  /** @default 0 */
  readonly answeredAfterMs?: number;
}

/** What the receiver was told, compared with what really happened. Ask when all is quiet. */
export function judged(stand: Simulator, { truth, killedAtMs, answeredAfterMs = 0 }: Reality): Judged {
  const requests = stand.requests(Infinity).map((row) => {
    const atMs = Date.parse(row.at);
    const lastMs = atMs + answeredAfterMs + doubtMs;
    const inDoubt = row.applied && killedAtMs.some((killedMs) => atMs <= killedMs && killedMs <= lastMs);
    return inDoubt ? { ...row, ambiguous: true } : row;
  });
  const verdict = judge(readTruth({ events: truth }), {
    incidents: stand.incidents(),
    changes: stand.changes(),
    requests,
    refused: stand.refused(),
    overLimit: stand.overLimit(),
  });
  return {
    verdict,
    repeats: repeatsOf(requests),
    ambiguous: requests.filter(({ ambiguous, unread }) => ambiguous || unread).length,
  };
}

function repeatsOf(requests: readonly RequestRow[]): number {
  const last = new Map<string, string>();
  let repeats = 0;
  for (const { applied, action, dedup_key: dedupKey } of requests) {
    if (!applied || dedupKey === null) continue;
    if (last.get(dedupKey) === action) repeats++;
    last.set(dedupKey, action);
  }
  return repeats;
}
