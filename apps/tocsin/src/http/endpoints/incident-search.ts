import {
  type Clock,
  type IncidentQuery,
  type IncidentState,
  incidentStates,
  type IncidentView,
  type Ledger,
  type Matcher,
  type Reason,
  reasons,
  severities,
  type Severity,
} from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import { queryOf } from "../endpoint.ts";
import { instantOf } from "../instant-of.ts";
import { oneOf } from "../one-of.ts";
import { paginationOf } from "../pagination.ts";
import { badRequest } from "../problem.ts";
import { matchersOf, matchesAll } from "./alert-search.ts";

/** Limits of one request that filters by more than the ledger's rows are searched by. The answer has the cursor to continue from. */
export const maxSearch = { incidents: 10_000, atOnce: 200, ms: 2_000 };

/** Matching may be slow, so other work gets a turn after this time. */
const maxBlockMs = 10;

export const maxTextLength = 1_000;

/** The filters of a list of incidents. */
export interface IncidentSearch {
  /** The filters that the ledger applies while it reads rows. Those that would have it parse each row are not among them. */
  readonly query: IncidentQuery;
  /** The severity of the desired state. */
  readonly severity?: Severity;
  /** Only incidents that changed at this time or later. Ledger time, ms. */
  readonly sinceMs?: number;
  readonly kind?: "alert" | "change";
  readonly reason?: Reason;
  readonly source?: string;
  /** A text in summary, dedup key, target or labels, in lower case. */
  readonly text?: string;
  /** All must match the labels of the leading alert. */
  readonly matchers: readonly Matcher[];
}

export interface FoundIncidents {
  readonly incidents: readonly IncidentView[];
  readonly nextCursor?: string;
  /** How many incidents were read to apply the filters, and whether the limit of that ended the search. */
  readonly searched?: { readonly looked: number; readonly stopped: boolean };
}

/** States in which an incident can have a reason. Other reasons may occur in several states. */
const stateWith: Partial<Record<Reason, IncidentState>> = {
  waiting_turn: "due",
  waiting_limit: "due",
  waiting_pause: "due",
  waiting_retry: "due",
  waiting_breaker: "due",
  waiting_auth: "due",
  orphaned_key: "due",
  ambiguous: "due",
  change_running: "due",
  in_flight: "in_flight",
  waiting_classification: "candidate",
  dead_invalid: "dead",
  dead_expired: "dead",
};

export function incidentSearchOf(request: FastifyRequest): IncidentSearch {
  const reason = oneOf(request, "reason", reasons);
  const state = oneOf(request, "state", incidentStates) ?? (reason && stateWith[reason]);
  const severity = oneOf(request, "severity", severities);
  const kind = oneOf(request, "kind", ["alert", "change"]);
  const [target, fingerprint] = [queryOf(request, "target"), queryOf(request, "fingerprint")];
  const [source, text] = [queryOf(request, "source"), queryOf(request, "q")];
  const since = queryOf(request, "since");
  if (text !== undefined && text.length > maxTextLength)
    throw badRequest({ path: "q", message: `expected at most ${maxTextLength} characters` });
  return {
    query: {
      ...paginationOf(request),
      ...(state !== undefined && { state }),
      ...(target !== undefined && { target }),
      ...(fingerprint !== undefined && { fingerprint }),
    },
    ...(severity !== undefined && { severity }),
    ...(since !== undefined && { sinceMs: instantOf(since, "since") }),
    ...(kind !== undefined && { kind }),
    ...(reason !== undefined && { reason }),
    ...(source !== undefined && { source }),
    ...(text !== undefined && { text: text.toLowerCase() }),
    matchers: matchersOf(request),
  };
}

/**
 * Lists incidents, newest first. The ledger reads few incidents at once, so that intake and delivery never wait for a search: a
 * second connection is not possible, because the file of a SQLite ledger belongs to one connection.
 */
export async function searchIncidents(
  search: IncidentSearch,
  { ledger, clock }: { readonly ledger: Pick<Ledger, "incidents">; readonly clock: Clock },
): Promise<FoundIncidents> {
  const { query } = search;
  const filters = filtersOf(search);
  if (filters.length === 0) return ledger.incidents(query);
  const found: IncidentView[] = [];
  const untilMs = clock.monotonic() + maxSearch.ms;
  let yieldedAtMs = clock.monotonic();
  let looked = 0;
  for (let { cursor } = query; ;) {
    const limit = Math.min(maxSearch.atOnce, maxSearch.incidents - looked);
    const page = await ledger.incidents({ ...query, limit, ...(cursor !== undefined && { cursor }) });
    for (const [index, view] of page.incidents.entries()) {
      looked++;
      cursor = String(view.incident.id);
      if (filters.every((passes) => passes(view))) found.push(view);
      const isLast = page.nextCursor === undefined && index === page.incidents.length - 1;
      if (isLast) break;
      const stopped = looked >= maxSearch.incidents || clock.monotonic() > untilMs;
      if (stopped || found.length >= query.limit)
        return { incidents: found, nextCursor: cursor, searched: { looked, stopped } };
      if (clock.monotonic() - yieldedAtMs > maxBlockMs) {
        await new Promise(setImmediate);
        yieldedAtMs = clock.monotonic();
      }
    }
    if (page.nextCursor === undefined) return { incidents: found, searched: { looked, stopped: false } };
  }
}

function filtersOf({
  severity,
  sinceMs,
  kind,
  reason,
  source,
  text,
  matchers,
}: IncidentSearch): ((view: IncidentView) => boolean)[] {
  const filters: ((view: IncidentView) => boolean)[] = [];
  if (severity !== undefined) filters.push(({ incident }) => incident.wanted.severity === severity);
  if (sinceMs !== undefined) filters.push(({ incident }) => incident.updatedAtMs >= sinceMs);
  if (kind !== undefined) filters.push(({ incident }) => incident.kind === kind);
  if (reason !== undefined) filters.push((view) => view.reason === reason);
  if (source !== undefined) filters.push(({ sources }) => sources.includes(source));
  if (text !== undefined) filters.push((view) => textsOf(view).some((one) => one.toLowerCase().includes(text)));
  if (matchers.length > 0) filters.push(({ labels }) => matchesAll(matchers, labels));
  return filters;
}

const textsOf = ({ incident, labels }: IncidentView): string[] => [
  incident.wanted.summary,
  incident.dedupKey,
  incident.target,
  ...Object.values(labels).map(String),
];
