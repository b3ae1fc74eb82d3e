import { setImmediate } from "node:timers/promises";
import { type Clock, labelsOfChange, type Ledger, type Matcher, type StoredChange } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { AcceptChanges } from "../../changes/accept-changes.ts";
import { parseChanges, type Posting } from "../../changes/parse-changes.ts";
import type { Heartbeats } from "../../heartbeats/heartbeats.ts";
import type { Signatures } from "../../ingest/signatures.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { matchersOf, matchesAll } from "./alert-search.ts";
import { checkSignature } from "../check-signature.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import { instantOf } from "../instant-of.ts";
import { isoTime } from "../iso-time.ts";
import { paginationLimit } from "../pagination.ts";
import { badRequest, Problem } from "../problem.ts";
import { sourceOf } from "../source-of.ts";

export interface ChangeEndpoints {
  readonly accept: AcceptChanges;
  readonly ledger: Pick<Ledger, "changes">;
  readonly clock: Pick<Clock, "now">;
  readonly metrics: Pick<Metrics, "changesReceived">;
  readonly targetNamed: Posting["targetNamed"];
  /** Called for each request, because a reload may change them. */
  readonly signatures: () => Pick<Signatures, "refusal">;
  /** Called for each request. Undefined: no source is expected to send regularly. */
  readonly heartbeats: () => Pick<Heartbeats, "received"> | undefined;
  /** Whether only changes that came another way have this origin: from a change source, or the watcher of rollouts. */
  readonly isReserved: (origin: string) => boolean;
  readonly maxBodyBytes: () => number;
}

export function changeEndpoints({
  accept,
  ledger,
  clock,
  metrics,
  targetNamed,
  signatures,
  heartbeats,
  isReserved,
  maxBodyBytes,
}: ChangeEndpoints): Endpoint[] {
  return [
    {
      method: "POST",
      path: "/api/v1/changes",
      role: "ingest",
      does: "records a change, such as a deployment, or { changes: [...] }, and sends each once",
      checkBody: checkSignature(signatures),
      maxBodyBytes,
      // 1,000 changes with many labels and details.
      maxValues: 200_000,
      async answer(request, reply) {
        const origin = sourceOf(request);
        if (request.caller.name === undefined && isReserved(origin))
          throw badRequest({ path: "source", message: "is the name of another source of changes" });
        heartbeats()?.received(origin);
        const { valid, invalid, issues } = parseChanges(request.body, { origin, nowMs: clock.now(), targetNamed });
        metrics.changesReceived(origin, "invalid", invalid);
        if (valid.length === 0)
          throw new Problem(
            400,
            "invalid_changes",
            invalid > 0 ? "no change could be recorded" : "the list of changes is empty",
            { issues },
          );
        // The ledger records all groups of one tick in one commit.
        const groups = [...Map.groupBy(valid, ({ targets }) => JSON.stringify(targets ?? null)).values()];
        await Promise.all(
          groups.map((group) => {
            const targets = group[0]?.targets;
            return accept(
              group.map(({ change }) => change),
              targets && { targets },
            );
          }),
        );
        void reply.code(202);
        return { ids: valid.map(({ change }) => change.id), ...(issues.length > 0 && { issues }) };
      },
    },
    {
      method: "GET",
      path: "/api/v1/changes",
      role: "read",
      does: "lists changes, the newest first: ?since= &matcher= &limit= &cursor=",
      async answer(request) {
        const since = queryOf(request, "since");
        const sinceMs = since === undefined ? undefined : instantOf(since, "since");
        const cursor = cursorOf(request);
        const found = await search(ledger, {
          matchers: matchersOf(request),
          limit: paginationLimit(request),
          ...(sinceMs !== undefined && { sinceMs }),
          ...(cursor !== undefined && { cursor }),
        });
        return { ...found, changes: found.changes.map(changeBody) };
      },
    },
  ];
}

interface Search {
  readonly matchers: readonly Matcher[];
  readonly limit: number;
  readonly sinceMs?: number;
  readonly cursor?: string;
}

/** Limits of one request that has matchers. The answer has the cursor to continue from. */
const max = { read: 2_000, atOnce: 200 };

/** Reads a bounded number of changes: a page may hold fewer changes than its limit, or none, and still have a cursor. */
async function search(
  ledger: ChangeEndpoints["ledger"],
  { matchers, limit, ...page }: Search,
): Promise<{ readonly changes: readonly StoredChange[]; readonly nextCursor?: string }> {
  if (matchers.length === 0) return ledger.changes({ ...page, limit });
  const matching: StoredChange[] = [];
  let { cursor } = page;
  for (let read = 0; read < max.read; read += max.atOnce) {
    // No page has more matching changes than are missing, so that the cursor of the ledger is the one of the answer.
    const some = await ledger.changes({
      ...page,
      limit: Math.min(max.atOnce, limit - matching.length),
      ...(cursor !== undefined && { cursor }),
    });
    matching.push(...some.changes.filter(({ change }) => matchesAll(matchers, labelsOfChange(change))));
    cursor = some.nextCursor;
    if (cursor === undefined) return { changes: matching };
    if (matching.length >= limit) break;
    await setImmediate();
  }
  return { changes: matching, ...(cursor !== undefined && { nextCursor: cursor }) };
}

function cursorOf(request: FastifyRequest): string | undefined {
  const cursor = queryOf(request, "cursor");
  if (cursor === undefined || /^-?\d{1,16}\.[0-9a-f]{32}$/.test(cursor)) return cursor;
  throw badRequest({ path: "cursor", message: "expected a nextCursor of an earlier page" });
}

export function changeBody({ change, fingerprint, acceptedAtMs }: StoredChange) {
  const { timestampMs, ...rest } = change;
  return { ...rest, timestamp: isoTime(timestampMs), acceptedAt: isoTime(acceptedAtMs), fingerprint };
}

/** A change beside an alert: without its details, which may be long. */
export function relatedChangeBody(stored: StoredChange) {
  const { customDetails: _, ...rest } = changeBody(stored);
  return rest;
}

export type ChangeBody = ReturnType<typeof changeBody>;
export type RelatedChangeBody = ReturnType<typeof relatedChangeBody>;
