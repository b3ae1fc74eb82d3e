import { heldBackOf, noTargetCanReceive } from "../targets/target-warnings.ts";
import type { Condition, Finding } from "./condition.ts";
import type { HealthViews } from "./health-views.ts";

/** A critical that waits for longer is late, unless `selfAlerts.after` is shorter. */
export const lateAfterMs = 60_000;

/** A certificate is reported this long before it expires. */
const expiresSoonMs = 7 * 24 * 3_600_000;

/** A disk is nearly full if less than a tenth of it and less than this is free. */
const littleFreeBytes = 1024 ** 3;

/** The event loop is slow if a timer comes later than this. */
const slowLoopMs = 1_000;

/** All conditions, the most urgent first among those of one severity. The names are a public, closed list. */
export const conditions = {
  ledger_not_committing: {
    severity: "critical",
    selfAlert: { scope: "process", title: "The ledger does not commit" },
    fix: "Free space on the ledger's disk, put a removed file back, or repair the database server. Senders get 503 and repeat; Tocsin recovers without a restart",
    find: ({ ledgerFailure, ledgerPlace }) =>
      ledgerFailure === undefined
        ? []
        : [
            {
              object: ledgerPlace,
              summary: `The ledger does not commit: ${ledgerFailure.why}`,
              sinceMs: ledgerFailure.sinceMs,
            },
          ],
  },
  critical_overdue: {
    severity: "critical",
    selfAlert: { scope: "fleet", title: "Criticals are overdue" },
    isAboutTargets: true,
    fix: "`tocsin incidents list --state due` shows why the events wait. Correct the target, or page its team in another way",
    find: ({ ledger }) =>
      (ledger?.late ?? []).map(({ target, sinceMs }) => ({
        object: target,
        sinceMs,
        summary: `A critical has not been delivered to ${target}`,
      })),
  },
  target_unauthorized: {
    severity: "critical",
    selfAlert: { scope: "fleet", title: "Targets refuse the credential" },
    isAboutTargets: true,
    fix: "Correct the key or token of the target. A restart is not needed; `tocsin targets test NAME` tries it at once",
    find: (views) => blocked(views, "unauthorized", "refuses the credential"),
  },
  target_misconfigured: {
    severity: "critical",
    selfAlert: { scope: "fleet", title: "Targets do not know the address" },
    isAboutTargets: true,
    fix: "Correct the URL of the target. A restart is not needed; `tocsin targets test NAME` tries it at once",
    find: (views) => blocked(views, "misconfigured", "does not know the address"),
  },
  critical_dead: {
    severity: "critical",
    selfAlert: { scope: "fleet", title: "Criticals are dead letters" },
    isAboutTargets: true,
    fix: "`tocsin deadletters list` shows the answer of the receiver. Correct the target, then `tocsin deadletters replay ID`",
    find: (views) => dead(views, "criticals", "critical is a dead letter", "criticals are dead letters"),
  },
  critical_unconfirmed: {
    severity: "critical",
    selfAlert: { scope: "fleet", title: "Criticals are not confirmed" },
    isAboutTargets: true,
    fix: "The target accepted the event, and no incident is known there: look for an event rule that suppresses it, a disabled service, or the key of another team. If the incident exists, check the callback's webhook",
    find: ({ ledger }) =>
      (ledger?.unconfirmed ?? []).map(({ target, count, sinceMs }) => ({
        object: target,
        sinceMs,
        summary: `The receiver has not confirmed ${counted(count, "critical", "criticals")} that ${target} accepted`,
      })),
  },
  canary_failed: {
    severity: "critical",
    selfAlert: { scope: "fleet", title: "The canary failed" },
    isAboutTargets: true,
    fix: "Pages may not arrive: correct the step that is named. [Canary](canary.md) lists the usual causes of each",
    find: ({ canary }) =>
      canary === undefined
        ? []
        : [
            {
              object: canary.target,
              named: `${canary.target}: ${canary.failure}`,
              sinceMs: canary.sinceMs,
              summary: withDetail(`The canary at ${canary.target} was ${canary.failure}`, canary.detail),
            },
          ],
  },
  source_silent: {
    severity: "critical",
    fix: "Check the source and the network between it and Tocsin. An expected source that was removed must also be removed from `sources`",
    find: ({ silent }) =>
      silent.map(({ source, sinceMs }) => ({
        object: source,
        sinceMs,
        summary: `Nothing is received from the source ${source}`,
      })),
  },
  no_target: {
    severity: "critical",
    fix: "`tocsin targets list` shows the state of every target. Configure, enable or correct at least one",
    find: ({ targets, isLoaded }) => {
      const none = isLoaded ? noTargetCanReceive(targets) : undefined;
      return none === undefined ? [] : [{ object: "targets", summary: `Alerts are recorded but not sent: ${none}` }];
    },
  },
  disk_nearly_full: {
    severity: "critical",
    selfAlert: { scope: "process", title: "The disk of the ledger is nearly full" },
    fix: "Free space on the disk of the ledger, or enlarge it, before the ledger stops to commit",
    find: ({ disk, ledgerPlace }) =>
      disk === undefined || disk.freeBytes >= Math.min(disk.sizeBytes / 10, littleFreeBytes)
        ? []
        : [
            {
              object: ledgerPlace,
              summary: `The disk of the ledger is nearly full: ${mebibytes(disk.freeBytes)} of ${mebibytes(disk.sizeBytes)} MiB are free`,
            },
          ],
  },
  ledger_slow: {
    severity: "error",
    fix: "Give the ledger's disk or database server more power, or repair it. Other problems may be hidden until the ledger answers",
    find: ({ ledger, ledgerFailure, ledgerPlace }) =>
      ledger === undefined && ledgerFailure === undefined
        ? [{ object: ledgerPlace, summary: "The ledger does not answer in time, so the state of targets is unknown" }]
        : [],
  },
  not_loaded: {
    severity: "error",
    fix: "Wait some seconds. If it stays, a place of targets or the ledger does not answer: see the log",
    find: ({ isLoaded }) =>
      isLoaded ? [] : [{ object: "targets", summary: "Targets are not loaded yet, so the service is not ready" }],
  },
  target_failing: {
    severity: "error",
    fix: "Check the receiver and the network. Tocsin tries one event every 10 to 60 s",
    find: ({ ledger }) =>
      (ledger?.heldBack ?? []).flatMap((status) => {
        const { target, breaker, blocked: refused } = status;
        if (refused !== null || breaker.state === "closed") return [];
        return [
          {
            object: target,
            ...sinceIn(breaker),
            summary: withDetail(`${target} fails, and its breaker is open`, heldBackOf(status)?.detail),
          },
        ];
      }),
  },
  target_invalid: {
    severity: "error",
    fix: "`tocsin targets list` shows every mistake with its path. The last valid version of a target stays in use",
    find: ({ targets }) =>
      targets.flatMap(({ name, errors }) => {
        const [first] = errors;
        return first === undefined
          ? []
          : [{ object: name, summary: withDetail(`${name} is invalid`, `${first.path}: ${first.message}`) }];
      }),
  },
  reload_failed: {
    severity: "error",
    fix: "`tocsin config check` lists the mistakes. The previous configuration stays in use",
    find: ({ reloadWarnings }) =>
      reloadWarnings.map(() => ({
        object: "configuration",
        summary: "The last reload of the configuration failed or was incomplete",
      })),
  },
  discovery_stale: {
    severity: "error",
    selfAlert: { scope: "process", title: "Changes of targets are not seen" },
    fix: "Check the directory, or the rights of the service account and the API server. The targets found last stay in use",
    find: ({ discoveries }) =>
      discoveries.flatMap(({ source, where, error, staleSinceMs }) =>
        error === null
          ? []
          : [
              {
                object: `${source} ${where}`,
                ...(staleSinceMs !== null && { sinceMs: staleSinceMs }),
                summary: withDetail(`Changes of targets in ${where} are not seen`, error),
              },
            ],
      ),
  },
  rollouts_stale: {
    severity: "warning",
    fix: "Check the rights of the service account (a Role for workloads in the namespace) and the API server. Rollouts of this time are recorded when the watch works again",
    find: ({ rollouts }) =>
      rollouts.map(({ namespace, kind, error, sinceMs }) => ({
        object: `${namespace}/${kind}`,
        sinceMs,
        summary: withDetail(`Rollouts of kind ${kind} in ${namespace} are not seen`, error),
      })),
  },
  certificate_expiring: {
    severity: "error",
    selfAlert: { scope: "process", title: "Certificates are about to expire" },
    fix: "Replace the file; a restart is not needed. The other side refuses a certificate that is not valid",
    find: ({ certificates, nowMs }) =>
      certificates.flatMap(({ name, validFromMs, validToMs }) => {
        if (nowMs < validFromMs)
          return [{ object: name, summary: `A certificate of ${name} is not valid before ${iso(validFromMs)}` }];
        if (validToMs - nowMs > expiresSoonMs) return [];
        const sinceMs = validToMs - expiresSoonMs;
        return [
          {
            object: name,
            sinceMs,
            summary: `A certificate of ${name} ${nowMs < validToMs ? "expires" : "expired"} at ${iso(validToMs)}`,
          },
        ];
      }),
  },
  key_lost: {
    severity: "error",
    fix: "Restore the ledger's key file from a backup and restart",
    find: ({ isKeyLost, ledgerPlace }) =>
      isKeyLost
        ? [{ object: ledgerPlace, summary: "The ledger's key file was lost: earlier incidents cannot be resolved" }]
        : [],
  },
  event_loop_slow: {
    severity: "error",
    selfAlert: { scope: "process", title: "The process reacts late" },
    fix: "Give the process more CPU. Requests and deliveries are late",
    find: ({ loopLagMs }) =>
      loopLagMs < slowLoopMs ? [] : [{ object: "process", summary: "The process reacts more than a second late" }],
  },
  heartbeat_failing: {
    severity: "warning",
    fix: "Check `telemetry.heartbeat.url` and the network. The receiver of the heartbeat may soon report that Tocsin is down",
    find: ({ heartbeat }) => failing(heartbeat, "telemetry.heartbeat", "The outgoing heartbeat fails"),
  },
  callback_failing: {
    severity: "warning",
    fix: "`refused`: compare the secret of the callback with the one at the receiver; a stranger who guesses the URL causes this too, without harm. Look-ups: check `rest_token` of the targets",
    find: ({ callbacks }) =>
      callbacks.map(({ callback, error, sinceMs }) => ({
        object: callback,
        sinceMs,
        summary: `The callback ${callback} fails: ${error}`,
      })),
  },
  target_paused: {
    severity: "warning",
    fix: "Find other users of the credential. Group alerts (`group_by`) or filter more if it happens often",
    find: ({ ledger }) =>
      (ledger?.heldBack ?? []).flatMap(({ target, limiter, breaker, blocked: refused }) =>
        refused === null && breaker.state === "closed" && limiter.pausedUntilMs !== null
          ? [{ object: target, summary: `${target} is paused after HTTP 429` }]
          : [],
      ),
  },
  dead_letter: {
    severity: "warning",
    fix: "`tocsin deadletters list` shows the answer of the receiver. Correct the target, then `tocsin deadletters replay ID`",
    find: (views) => dead(views, "others", "incident is a dead letter", "incidents are dead letters"),
  },
  traces_failing: {
    severity: "warning",
    fix: "Check `telemetry.traces.otlp` and the collector. Alerts are not affected",
    find: ({ traces }) => failing(traces, "telemetry.traces", "Traces cannot be exported"),
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type ConditionName = keyof typeof conditions;

/** Names of the conditions, the most urgent first among those of one severity. */
export const conditionNames = Object.keys(conditions) as readonly ConditionName[];

export const conditionOf = (name: ConditionName): Condition => conditions[name];

function blocked({ ledger }: HealthViews, state: "unauthorized" | "misconfigured", how: string): Finding[] {
  return (ledger?.heldBack ?? []).flatMap(({ target, blocked: refusal }) =>
    refusal?.state === state
      ? [{ object: target, ...sinceIn(refusal), summary: withDetail(`${target} ${how}`, refusal.detail) }]
      : [],
  );
}

function dead({ ledger }: HealthViews, which: "criticals" | "others", one: string, many: string): Finding[] {
  return (ledger?.dead ?? []).flatMap(({ target, criticals, others, ...since }) => {
    const count = { criticals, others }[which];
    return count === 0 ? [] : [{ object: target, ...since, summary: `${counted(count, one, many)} at ${target}` }];
  });
}

const failing = (found: HealthViews["traces"], object: string, what: string): Finding[] =>
  found === undefined ? [] : [{ object, sinceMs: found.sinceMs, summary: withDetail(what, found.error) }];

const sinceIn = ({ sinceMs }: { readonly sinceMs?: number }) => (sinceMs === undefined ? {} : { sinceMs });

const withDetail = (what: string, detail: string | undefined): string =>
  detail === undefined || detail === "" ? what : `${what}: ${detail}`;

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const mebibytes = (bytes: number): number => Math.floor(bytes / 1024 ** 2);

const iso = (ms: number): string => new Date(ms).toISOString();
