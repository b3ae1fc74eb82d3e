/*
 * Which time counts towards the end of an alert that Alertmanager's API no longer shows.
 */

/** Information that an instance reports about itself in one poll. */
export interface InstanceStatus {
  /** Its name in the cluster; null: it runs without a cluster. */
  readonly name: string | null;
  /** Names of all members that it sees, including itself. */
  readonly peers: readonly string[];
  readonly upForMs: number;
  readonly resolveTimeoutMs: number;
}

/**
 * Why a poll proves nothing about alerts that it does not show; null: it counts. Alertmanagers do not exchange alerts, and a
 * restarted one knows none until their senders repeat them. So only all of them together, each up for long enough, know which
 * alerts fire.
 *
 * `statuses`: one per configured URL; undefined: it did not answer.
 */
export function whyNotCounted(statuses: readonly (InstanceStatus | undefined)[]): string | null {
  const known: InstanceStatus[] = [];
  for (const [index, status] of statuses.entries()) {
    if (status === undefined) return `urls[${index}] did not answer`;
    if (status.upForMs <= status.resolveTimeoutMs)
      return `urls[${index}] has not been up for longer than its resolve_timeout`;
    known.push(status);
  }
  const names = new Set(known.map(({ name }) => name));
  if (names.size === 1 && names.has(null)) return null;
  const unequal = known.findIndex(
    ({ name, peers }) => name === null || peers.length !== names.size || !peers.every((peer) => names.has(peer)),
  );
  return unequal === -1 ? null : `the peers that urls[${unequal}] sees are not the listed instances`;
}

/**
 * Time between two polls that counts as absence: at most two poll intervals, since the process may have been paused in between.
 */
export const absenceTimeBetween = (
  before: { readonly counts: boolean; readonly atMs: number } | undefined,
  now: { readonly counts: boolean; readonly atMs: number },
  everyMs: number,
): number => (before?.counts && now.counts ? Math.min(now.atMs - before.atMs, 2 * everyMs) : 0);
