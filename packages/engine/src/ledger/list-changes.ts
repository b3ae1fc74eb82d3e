import {
  changeFingerprints,
  type ChangeQuery,
  relatedChanges as relatedAmong,
  type RelatedQuery,
  type StoredChange,
} from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import type { ChangeRecord } from "./store.ts";

/** Newest changes of one service, and of one app, among which related ones are searched. */
const maxCandidates = 50;

const changeView = ({ key, change, alert, acceptedAtMs }: ChangeRecord): StoredChange => ({
  change,
  fingerprint: alert ?? key,
  acceptedAtMs,
});

export function listChanges(
  { store }: LedgerContext,
  { sinceMs = Number.MIN_SAFE_INTEGER, limit, cursor }: ChangeQuery,
): { readonly changes: readonly StoredChange[]; readonly nextCursor?: string } {
  const before = cursor === undefined ? undefined : placeOf(cursor);
  const { records, more } = store.changes({ sinceMs, before, limit });
  const changes = records.map(changeView);
  const last = more ? records.at(-1) : undefined;
  return last ? { changes, nextCursor: cursorAfter(last) } : { changes };
}

/** The place after a change in the list: its time, and its key without the part that all keys share. */
const cursorAfter = ({ key, change }: ChangeRecord): string => `${change.timestampMs}.${key.split("-").at(-1)}`;

function placeOf(cursor: string): { readonly atMs: number; readonly key: string } {
  const [at = "", digits = ""] = cursor.split(".");
  return { atMs: Number(at), key: changeFingerprints.prefix + digits };
}

export function relatedChanges({ store }: LedgerContext, query: RelatedQuery): readonly StoredChange[] {
  const { labels, fromMs, toMs } = query;
  const found = store.changesAbout({
    service: labels["service"] || undefined,
    app: labels["app"] || undefined,
    fromMs,
    toMs,
    limit: maxCandidates,
  });
  const candidates = new Map(found.map((record) => [record.key, record]));
  return relatedAmong([...candidates.values()], query).map(changeView);
}
