import { hashKey } from "../state/credentials.ts";
import { parseDurationMs } from "../duration.ts";
import { isRecord } from "../server/json-body.ts";
import { SettingError } from "../setting-error.ts";
import type { Issue } from "../setting-error.ts";

/** A receiver that must get the alert. Without a key, any key is right. */
export interface TruthTarget {
  readonly receiver: string;
  readonly region?: "us" | "eu";
  /** The credential, or its hash as the control API shows it. */
  readonly key?: string;
}

/** One event of a source, with its time. A change event has a summary and no status. */
export interface TruthEvent {
  /** ISO 8601, or ms since 1970. */
  readonly at: string | number;
  readonly status?: "firing" | "resolved";
  /** The dedup key that receivers must use. */
  readonly dedup_key?: string;
  /** The same, for alerts whose dedup key is their fingerprint. */
  readonly fingerprint?: string;
  /** Critical, error, warning or info, as the receiver should show it. Absent: not checked. */
  readonly severity?: string;
  /** Marks a change event. The oracle then matches it by `summary`. */
  readonly change?: boolean;
  readonly summary?: string;
  /** @default the truth's targets */
  readonly targets?: readonly TruthTarget[];
}

/** The truth that the oracle compares the receivers with. Durations are seconds, or text such as `"15s"`. */
export interface TruthSetting {
  readonly events: readonly TruthEvent[];
  /** @default one target: pagerduty, with any key */
  readonly targets?: readonly TruthTarget[];
  /** Longest time that a request may have been in transit when the state at the source changed. @default "15s" */
  readonly grace?: number | string;
  /** A firing that lasts at least this long must have an incident within this time. @default not checked */
  readonly within?: number | string;
  /** A repeated trigger after this much time without one is a reminder, not a fault. @default "1h" */
  readonly reminders?: number | string;
  /** A stray incident that is closed within this time counts as repaired. @default "0s" */
  readonly repaired?: number | string;
  /** Which firings may still be sent after their end. @default "never" */
  readonly page_resolved?: "never" | "critical" | "always";
}

/** The parsed truth: times in ms, keys as hashes, each event with its targets. */
export interface Truth {
  readonly events: readonly SourceEvent[];
  readonly graceMs: number;
  readonly withinMs: number | undefined;
  readonly remindersMs: number;
  readonly repairedMs: number;
  readonly pageResolved: "never" | "critical" | "always";
}

export interface SourceEvent {
  readonly atMs: number;
  readonly kind: "firing" | "resolved" | "change";
  /** The dedup key, or the summary of a change event. */
  readonly name: string;
  readonly severity?: string | undefined;
  readonly targets: readonly TruthTarget[];
}

/** @throws SettingError with every issue */
export function readTruth(value: unknown, hashOf: (key: string) => string = hashKey): Truth {
  const issues: Issue[] = [];
  const setting = Array.isArray(value) ? { events: value as unknown[] } : value;
  if (!isRecord(setting) || !Array.isArray(setting["events"])) {
    throw new SettingError([{ path: "events", message: "expected a list of what the sources said" }]);
  }
  const duration = (name: string, missing: string | undefined): number | undefined => {
    const ms = parseDurationMs(setting[name] ?? missing);
    if (ms === undefined && missing !== undefined) issues.push({ path: name, message: 'expected seconds or "15s"' });
    return ms;
  };
  const pageResolved = setting["page_resolved"] ?? "never";
  if (!["never", "critical", "always"].includes(pageResolved as string)) {
    issues.push({ path: "page_resolved", message: "expected never, critical or always" });
  }
  const targets = readTargets(setting["targets"], "targets", hashOf, issues) ?? [{ receiver: "pagerduty" }];
  const events = setting["events"].map((event: unknown, index) =>
    readEvent(isRecord(event) ? event : {}, `events[${index}]`, targets, hashOf, issues),
  );
  const truth: Truth = {
    events,
    graceMs: duration("grace", "15s") ?? 0,
    withinMs: setting["within"] === undefined ? undefined : duration("within", ""),
    remindersMs: duration("reminders", "1h") ?? 0,
    repairedMs: duration("repaired", "0s") ?? 0,
    pageResolved: pageResolved as Truth["pageResolved"],
  };
  if (issues.length > 0) throw new SettingError(issues);
  return truth;
}

function readEvent(
  event: Record<string, unknown>,
  path: string,
  targets: readonly TruthTarget[],
  hashOf: (key: string) => string,
  issues: Issue[],
): SourceEvent {
  const { at, status, severity } = event;
  const atMs = typeof at === "string" ? Date.parse(at) : typeof at === "number" ? at : NaN;
  if (Number.isNaN(atMs)) issues.push({ path: `${path}.at`, message: "expected an ISO 8601 time, or ms since 1970" });
  const isChange = event["change"] === true;
  if (!isChange && status !== "firing" && status !== "resolved") {
    issues.push({ path: `${path}.status`, message: "expected firing or resolved" });
  }
  const name = isChange ? event["summary"] : (event["dedup_key"] ?? event["fingerprint"]);
  if (typeof name !== "string") {
    issues.push({ path: `${path}.${isChange ? "summary" : "dedup_key"}`, message: "expected a string" });
  }
  return {
    atMs,
    kind: isChange ? "change" : (status as "firing" | "resolved"),
    name: name as string,
    severity: typeof severity === "string" ? severity : undefined,
    targets: readTargets(event["targets"], `${path}.targets`, hashOf, issues) ?? targets,
  };
}

function readTargets(
  value: unknown,
  path: string,
  hashOf: (key: string) => string,
  issues: Issue[],
): readonly TruthTarget[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((one) => isRecord(one) && typeof one["receiver"] === "string")) {
    issues.push({ path, message: 'expected a list such as [{ "receiver": "pagerduty" }]' });
    return [];
  }
  return (value as TruthTarget[]).map((target) =>
    target.key === undefined || /^[0-9a-f]{16}$/.test(target.key) ? target : { ...target, key: hashOf(target.key) },
  );
}
