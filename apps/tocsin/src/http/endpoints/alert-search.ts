import {
  type Alert,
  type Clock,
  InvalidMatcher,
  InvalidPattern,
  type Ledger,
  type Matcher,
  parseMatchers,
} from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import { queriesOf, queryOf } from "../endpoint.ts";
import { paginationLimit } from "../pagination.ts";
import { badRequest } from "../problem.ts";

/** Most alerts that the ledger reads at once, so that it is soon free for other work. */
const alertsAtOnce = 200;

/** Limits of one request. The response holds the cursor to continue from. */
const max = { alertsRead: 1_000, targetsListed: 10_000, searchMs: 2_000 };

/** Matching may be slow, so other work gets a turn after this time. */
const maxBlockMs = 10;

export const maxMatchers = 20;

export interface AlertSearch {
  /** All matchers must match. */
  readonly matchers: readonly Matcher[];
  readonly limit: number;
  /** Alerts are listed by fingerprint; this one ended the page before. */
  readonly after?: string;
}

/** Parses `?matcher=` (repeatable), `?limit=` and `?cursor=`. */
export function alertSearchOf(request: FastifyRequest): AlertSearch {
  const cursor = queryOf(request, "cursor");
  return {
    matchers: matchersOf(request),
    limit: paginationLimit(request),
    ...(cursor !== undefined && { after: fingerprintIn(cursor) }),
  };
}

/** Parses a query parameter that may be repeated: all matchers must match. */
export function matchersOf(request: FastifyRequest, name = "matcher"): Matcher[] {
  const texts = queriesOf(request, name);
  if (texts.length > maxMatchers) throw badRequest({ path: name, message: `expected at most ${maxMatchers}` });
  return texts.flatMap((text) => {
    try {
      return parseMatchers(text);
    } catch (error) {
      if (!(error instanceof InvalidMatcher || error instanceof InvalidPattern)) throw error;
      throw badRequest({ path: name, message: error.message });
    }
  });
}

/** JSON, because a fingerprint may be any text, even one that is not well-formed Unicode. */
const cursorOf = (fingerprint: string): string => Buffer.from(JSON.stringify(fingerprint)).toString("base64url");

function fingerprintIn(cursor: string): string {
  try {
    const fingerprint: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (typeof fingerprint === "string") return fingerprint;
  } catch {
    // The same response as for any other invalid text.
  }
  throw badRequest({ path: "cursor", message: "expected a nextCursor of an earlier page" });
}

/**
 * Finds alerts by their labels, a bounded number per request: a page may hold fewer rows than its limit, or none, and still
 * have a cursor.
 *
 * @param rowOf creates an alert's row; undefined leaves the alert out
 */
export async function searchAlerts<Row extends { readonly targets: readonly unknown[] }>(
  { matchers, limit, after }: AlertSearch,
  { ledger, clock }: { readonly ledger: Pick<Ledger, "alerts">; readonly clock: Clock },
  rowOf: (alert: Alert) => Promise<Row | undefined>,
): Promise<{ readonly alerts: readonly Row[]; readonly nextCursor?: string }> {
  const rows: Row[] = [];
  const untilMs = clock.monotonic() + max.searchMs;
  let yieldedAtMs = clock.monotonic();
  let targetsListed = 0;
  let alertsRead = 0;
  for (let last = after; ;) {
    const page = await ledger.alerts({ limit: alertsAtOnce, ...(last !== undefined && { after: last }) });
    for (const [index, alert] of page.entries()) {
      last = alert.fingerprint;
      alertsRead++;
      const row = matchesAll(matchers, alert.labels) ? await rowOf(alert) : undefined;
      if (row) rows.push(row);
      targetsListed += row?.targets.length ?? 0;
      const isLast = index === page.length - 1 && page.length < alertsAtOnce;
      if (isLast) break;
      const isFull = rows.length >= limit || targetsListed >= max.targetsListed || alertsRead >= max.alertsRead;
      if (isFull || clock.monotonic() > untilMs) return { alerts: rows, nextCursor: cursorOf(last) };
      if (clock.monotonic() - yieldedAtMs > maxBlockMs) {
        await new Promise(setImmediate);
        yieldedAtMs = clock.monotonic();
      }
    }
    if (page.length < alertsAtOnce) return { alerts: rows };
  }
}

/** A missing label counts as an empty text. Properties that every object inherits are not labels. */
export const matchesAll = (matchers: readonly Matcher[], labels: Alert["labels"]): boolean =>
  matchers.every(({ label, matches }) => {
    const value: unknown = Object.hasOwn(labels, label) ? labels[label] : "";
    return matches(typeof value === "string" ? value : "");
  });
