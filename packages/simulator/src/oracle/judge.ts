import type { ChangeRow, IncidentRow, RefusalRow, RequestRow } from "../server/rows.ts";
import type { OverLimitRow } from "../server/rows.ts";
import { findingKinds } from "./findings.ts";
import type { Finding, FindingKind } from "./findings.ts";
import { judgeTimeline } from "./judge-timeline.ts";
import { buildTimelines } from "./timeline.ts";
import type { Truth } from "./truth.ts";

/** The receivers' state: the answers of the control API, or of the library's methods of the same names. */
export interface Observed {
  readonly incidents: readonly IncidentRow[];
  readonly changes: readonly ChangeRow[];
  readonly requests: readonly RequestRow[];
  readonly refused: readonly RefusalRow[];
  readonly overLimit: readonly OverLimitRow[];
}

export interface Verdict {
  /** Nothing was found. */
  readonly clean: boolean;
  /** The first `maxFindings`; `counts` has all. */
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<FindingKind, number>>;
}

const maxFindings = 1000;

/**
 * Compares the receivers' state with the truth. Pure: the same arguments give the same verdict. Without a truth, it judges
 * only refused requests and limits.
 */
export function judge(truth: Truth | undefined, observed: Observed): Verdict {
  const found = [...refusals(observed), ...excesses(observed)];
  if (truth !== undefined) {
    const { timelines, others } = buildTimelines(truth, observed.incidents, observed.requests);
    for (const timeline of timelines) found.push(...judgeTimeline(timeline, truth));
    for (const { row, isKnown } of others) found.push(stranger(row, isKnown));
    found.push(...judgeChanges(truth, observed));
  }
  const counts = Object.fromEntries(
    findingKinds.map((kind) => [kind, found.filter((finding) => finding.kind === kind).length]),
  ) as Record<FindingKind, number>;
  return { clean: found.length === 0, findings: found.slice(0, maxFindings), counts };
}

const stranger = (row: IncidentRow, isKnown: boolean): Finding => ({
  kind: isKnown ? "wrong_key" : "stray",
  receiver: row.receiver,
  key: row.key,
  dedup_key: row.dedup_key,
  at: row.opened_at,
  says: isKnown
    ? `"${row.dedup_key}" was opened under key ${row.key}, which is not its target's`
    : `"${row.dedup_key}" was opened, and no source knows it`,
});

/** Reports one finding per request, even if it broke several rules. A full window counts as `over_limit`. */
function refusals(observed: Observed): Finding[] {
  const byRequest = new Map<number, RefusalRow[]>();
  for (const row of observed.refused) {
    if (row.status === 429) continue;
    byRequest.set(row.request, [...(byRequest.get(row.request) ?? []), row]);
  }
  return Array.from(byRequest.values(), (rows): Finding => {
    const [first] = rows as [RefusalRow];
    const reasons = rows.map((row) => `${row.field}: ${row.reason}`).join("; ");
    return { kind: "refused", receiver: first.receiver, at: first.at, says: `answered ${first.status}: ${reasons}` };
  });
}

const excesses = (observed: Observed): Finding[] =>
  observed.overLimit.map((row) => ({
    kind: "over_limit",
    receiver: row.receiver,
    key: row.key,
    at: row.from,
    says: `${row.refused} calls beyond ${row.allowed} in ${row.per} from ${row.from} to ${row.to}`,
  }));

/** Change events have no identity at the receiver, so the oracle matches them by summary. */
function judgeChanges(truth: Truth, observed: Observed): Finding[] {
  const wanted = new Map<string, { receiver: string; summary: string; key?: string | undefined; times: number }>();
  for (const event of truth.events) {
    if (event.kind !== "change") continue;
    for (const { receiver, key } of event.targets) {
      const id = `${receiver}\n${key ?? ""}\n${event.name}`;
      wanted.set(id, { receiver, key, summary: event.name, times: (wanted.get(id)?.times ?? 0) + 1 });
    }
  }
  const claimed = new Set<ChangeRow>();
  const found: Finding[] = [];
  for (const { receiver, summary, key, times } of wanted.values()) {
    const isSame = (row: { receiver: string; key: string | null }): boolean =>
      row.receiver === receiver && (key === undefined || row.key === key);
    const seen = observed.changes.filter((row) => row.summary === summary && isSame(row));
    for (const row of seen) claimed.add(row);
    const doubts = observed.requests.filter(
      (row) => row.action === "change" && isSame(row) && (row.ambiguous || row.unread),
    );
    const about = { receiver, key: seen[0]?.key ?? key };
    if (seen.length < times) {
      found.push({ kind: "lost", ...about, says: `change "${summary}" was sent ${seen.length} times, not ${times}` });
    } else if (seen.length > times + doubts.length) {
      found.push({
        kind: "repeated",
        ...about,
        says: `change "${summary}" was sent ${seen.length} times, not ${times}`,
      });
    }
  }
  for (const row of observed.changes) {
    if (claimed.has(row)) continue;
    const says = `change "${row.summary}" was sent, but no source reported it`;
    found.push({ kind: "stray", receiver: row.receiver, key: row.key, at: row.at, says });
  }
  return found;
}
