/*
 * The clock that silence is measured by. It runs while at least one process of a ledger is able to receive, so an outage of our own
 * makes no source silent. It is kept in the ledger, so it goes on after a restart, and a process that crashes again and again
 * still notices a silent source.
 */

/** The listening time of all processes of a ledger, as the ledger keeps it. */
export interface ListeningTime {
  /** When it was written, by the ledger's clock. */
  readonly atMs: number;
  /** Total time until then, ms. */
  readonly totalMs: number;
  /** The process that wrote it. */
  readonly by: string;
}

/** The time until now in which one process listened without a pause and that it has not written yet. */
export interface OwnListening {
  readonly by: string;
  /** The ledger's clock. */
  readonly nowMs: number;
  readonly addedMs: number;
}

/**
 * Adds the time of one process. Time that another process has already written is not counted twice. If the last writer was this
 * process, no clock is compared, so jumps of the clock change nothing.
 */
export function addListening(stored: ListeningTime | undefined, { by, nowMs, addedMs }: OwnListening): ListeningTime {
  if (stored === undefined) return { atMs: nowMs, totalMs: addedMs, by };
  const isOwn = stored.by === by;
  const newMs = isOwn ? addedMs : Math.min(addedMs, Math.max(0, nowMs - stored.atMs));
  return { atMs: Math.max(stored.atMs, nowMs), totalMs: stored.totalMs + newMs, by };
}

/** When a source was last heard. */
export interface LastHeard {
  /** By the listening time. */
  readonly totalMs: number;
  /** By the ledger's clock, ms since epoch. */
  readonly atMs: number;
}

/** Returns the later one. */
export const laterHeard = (a: LastHeard | undefined, b: LastHeard | undefined): LastHeard | undefined =>
  a === undefined || (b !== undefined && b.totalMs > a.totalMs) ? b : a;

/** Whether a source is silent: more listening time than `everyMs` has passed since it was heard. */
export const isSilent = (heard: LastHeard, totalMs: number, everyMs: number): boolean =>
  totalMs - heard.totalMs > everyMs;

/** When the silence of a source began, ms since epoch. The same for all replicas, and later than every beat before it. */
export const silentSinceMs = (heard: LastHeard, everyMs: number): number => heard.atMs + everyMs;
