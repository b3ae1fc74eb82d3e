import type { SourceEvent } from "./truth.ts";

/** The clock of the source, or of the writer of the truth, may be this far behind the receiver's clock. */
export const maxClockDifferenceMs = 1000;

/** The time from a firing to the resolve that ended it. */
export interface Episode {
  readonly fromMs: number;
  /** Infinity while it fires. */
  untilMs: number;
  /** All severities that the source has given it. */
  readonly severities: string[];
}

/** The episodes of one problem, in order. Repeats of a firing or of a resolve change nothing. */
export function episodesOf(events: readonly SourceEvent[]): Episode[] {
  const episodes: Episode[] = [];
  for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) {
    const last = episodes.at(-1);
    const isFiring = last !== undefined && last.untilMs === Infinity;
    if (event.kind === "resolved") {
      if (isFiring) last.untilMs = event.atMs;
      continue;
    }
    const episode = isFiring ? last : { fromMs: event.atMs, untilMs: Infinity, severities: [] };
    if (!isFiring) episodes.push(episode);
    if (event.severity !== undefined) episode.severities.push(event.severity);
  }
  return episodes;
}

/** Returns the last episode that began at or before `atMs`. */
export const episodeAt = (episodes: readonly Episode[], atMs: number): Episode | undefined =>
  episodes.findLast((episode) => episode.fromMs <= atMs);

/** Whether a resolve that arrived at `atMs` can have been sent after the source had resolved the alert. */
export function mayResolve(episodes: readonly Episode[], atMs: number, graceMs: number): boolean {
  const current = episodeAt(episodes, atMs);
  return (
    current === undefined ||
    current.untilMs <= atMs + maxClockDifferenceMs ||
    episodes.some(({ untilMs }) => atMs - graceMs <= untilMs && untilMs <= atMs)
  );
}
