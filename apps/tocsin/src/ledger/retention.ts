import type { Clock, Ledger } from "@tocsin/core";
import type { Logger } from "../telemetry/logger.ts";

const everyMs = 10 * 60_000;

/** Pause between two deletions: requests and the worker have priority. */
const breathMs = 50;

export interface RetentionOptions {
  readonly ledger: Pick<Ledger, "deleteExpired">;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** How long changes are kept. */
  readonly changesMs: number;
  readonly log: Logger;
}

/** Deletes in small steps what has been closed for longer than the retention. Returns a function that stops it. */
export function retention({ ledger, clock, retentionMs, changesMs, log }: RetentionOptions): () => void {
  let ended = false;
  let cancel = clock.after(everyMs, () => void forget());
  async function forget(): Promise<void> {
    let rows = 0;
    try {
      const nowMs = clock.now();
      rows = await ledger.deleteExpired(nowMs - retentionMs, nowMs - changesMs);
    } catch (error) {
      log.warn(
        { event: "retention_failed", err: error },
        "Deleting closed incidents failed: tried again in 10 minutes",
      );
    }
    if (!ended) cancel = clock.after(rows > 0 ? breathMs : everyMs, () => void forget());
  }
  return () => {
    ended = true;
    cancel();
  };
}
