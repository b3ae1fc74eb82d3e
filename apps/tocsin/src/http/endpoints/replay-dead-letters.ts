import type { Clock, DeadLetter, DeadLetterFilter, IncidentView, Ledger, Matcher, Reason } from "@tocsin/core";
import type { ResolvedTarget } from "../../targets/resolved-target.ts";
import { matchesAll } from "./alert-search.ts";

/** Limits of one request. If it reaches one, a further request continues from `nextCursor`. */
export const maxReplay = { letters: 10_000, atOnce: 100, ms: 10_000, refusalsListed: 100 };

export interface ReplayFilter extends Omit<DeadLetterFilter, "replayed"> {
  /** All must match the labels of the leading alert. */
  readonly matchers: readonly Matcher[];
  /** Only counts. */
  readonly dryRun: boolean;
  /** `nextCursor` of the request before: only older dead letters. */
  readonly cursor?: string;
}

export interface ReplayParts {
  readonly ledger: Pick<Ledger, "deadLetters" | "incidentsOf" | "replay">;
  readonly targetNamed: (name: string) => Pick<ResolvedTarget, "name" | "target"> | undefined;
  readonly clock: Clock;
  readonly limits?: Readonly<typeof maxReplay>;
}

export interface Refusal {
  readonly id: number;
  readonly target: string;
  /** `superseded`: its incident is not dead any more, or a newer dead letter of it is replayed. */
  readonly reason: Extract<Reason, "superseded" | "no_target" | "target_invalid" | "target_disabled">;
}

export interface Replayed {
  /** Dead letters that match and were not replayed before. */
  readonly matching: number;
  /** Those of them that can be sent again. */
  readonly replayable: number;
  readonly replayed: number;
  /** The first of the others, with the reason. */
  readonly refused: readonly Refusal[];
  /** A limit ended the request: older dead letters were not looked at. */
  readonly nextCursor?: string;
}

/**
 * Replays dead letters, the newest first. The ledger replays each once, also if several replicas are asked at the same time. A
 * dead letter that is refused stays as it is.
 */
export async function replayDeadLetters(
  { matchers, dryRun, cursor: after, ...filter }: ReplayFilter,
  { ledger, targetNamed, clock, limits = maxReplay }: ReplayParts,
): Promise<Replayed> {
  const counts = { matching: 0, replayable: 0, replayed: 0 };
  const refused: Refusal[] = [];
  const seen = new Set<number>();
  const untilMs = clock.monotonic() + limits.ms;
  let looked = 0;
  let cursor = after;
  do {
    const page = await ledger.deadLetters({
      ...filter,
      replayed: false,
      limit: limits.atOnce,
      ...(cursor !== undefined && { cursor }),
    });
    looked += page.deadLetters.length;
    const ids = [...new Set(page.deadLetters.map(({ incident }) => incident))];
    const views = new Map((await ledger.incidentsOf(ids)).map((view) => [view.incident.id, view]));
    const due: DeadLetter[] = [];
    for (const letter of page.deadLetters) {
      const view = views.get(letter.incident);
      if (!matchesAll(matchers, view?.labels ?? {})) continue;
      counts.matching++;
      const reason = seen.has(letter.incident) ? "superseded" : refusalOf(letter, view, targetNamed);
      if (reason === undefined) {
        seen.add(letter.incident);
        due.push(letter);
      } else if (refused.length < limits.refusalsListed) refused.push({ id: letter.id, target: letter.target, reason });
    }
    counts.replayable += due.length;
    const results = dryRun ? [] : await Promise.all(due.map(({ id }) => ledger.replay(id)));
    counts.replayed += results.filter((result) => result === "replayed").length;
    cursor = page.nextCursor;
    const isLimit = looked >= limits.letters || clock.monotonic() > untilMs;
    if (cursor !== undefined && isLimit) return { ...counts, refused, nextCursor: cursor };
  } while (cursor !== undefined);
  return { ...counts, refused };
}

/** Returns why nothing would be sent. */
function refusalOf(
  letter: DeadLetter,
  view: IncidentView | undefined,
  targetNamed: ReplayParts["targetNamed"],
): Refusal["reason"] | undefined {
  const entry = targetNamed(letter.target);
  if (entry === undefined) return "no_target";
  if (entry.target === undefined) return "target_invalid";
  if (!entry.target.enabled) return "target_disabled";
  return view?.state === "dead" ? undefined : "superseded";
}
