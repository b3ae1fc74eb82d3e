import type { Clock, Ledger } from "@tocsin/core";
import type { Logger } from "../telemetry/logger.ts";

const everyMs = 10 * 60_000;

/** Between two pieces: what senders and the worker want comes first. */
const breathMs = 50;

export interface RetentionOptions {
  readonly ledger: Pick<Ledger, "deleteExpired">;
  readonly clock: Clock;
  readonly retentionMs: number;
  readonly log: Logger;
}

/** Forgets what has been over for longer than the retention, a little at a time. Returns how to end it. */
export function retention({ ledger, clock, retentionMs, log }: RetentionOptions): () => void {
  let ended = false;
  let cancel = clock.after(everyMs, () => void forget());
  async function forget(): Promise<void> {
    let rows = 0;
    try {
      rows = await ledger.deleteExpired(clock.now() - retentionMs);
    } catch (error) {
      log.warn({ err: error }, "nothing could be forgotten; tried again later");
    }
    if (!ended) cancel = clock.after(rows > 0 ? breathMs : everyMs, () => void forget());
  }
  return () => {
    ended = true;
    cancel();
  };
}
