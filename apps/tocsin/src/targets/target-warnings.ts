import type { HeldBack, Issue, LedgerStats, TargetStatus } from "@tocsin/core";
import type { DiscoveryView } from "./discovery/discoveries.ts";
import { stateOf, type ResolvedTarget } from "./resolved-target.ts";

/** Returns whether a firing alert can be sent to the target: a version of it is in use, it is enabled, and it is no shadow. */
export const canReceive = ({ target }: Pick<ResolvedTarget, "target">): boolean =>
  target !== undefined && target.enabled && target.mode !== "shadow";

/** Says that no target can receive alerts, and why. Undefined: at least one can. */
export function noTargetCanReceive(entries: readonly ResolvedTarget[]): string | undefined {
  if (entries.some(canReceive)) return undefined;
  const states = Map.groupBy(entries, (entry) => stateOf(entry));
  const counts = Array.from(states, ([state, some]) => `${some.length} ${state}`).toSorted();
  return `no target can receive alerts (${counts.length === 0 ? "none is configured" : counts.join(", ")})`;
}

/**
 * Warnings about targets that an operator should see even while the service is ready. They hold counts only, because probes
 * need no token.
 */
export function targetWarnings(entries: readonly ResolvedTarget[]): string[] {
  const none = noTargetCanReceive(entries);
  if (none !== undefined) return [`${none}: alerts are recorded but not sent`];
  const invalid = entries.filter(({ errors }) => errors.length > 0).length;
  return counted(invalid, entries.length, "target", "invalid");
}

/**
 * Warnings about targets that are configured correctly but accept nothing now. `heldBack` are these targets, `all` is the
 * number of all targets.
 */
export function deliveryWarnings(heldBack: readonly TargetStatus[], all: number): string[] {
  const count = (isSo: (standing: TargetStatus) => boolean) => heldBack.filter(isSo).length;
  return [
    ...counted(
      count(({ blocked }) => blocked !== null),
      all,
      "target",
      "refusing our credential or address",
    ),
    ...counted(
      count(({ breaker }) => breaker.state !== "closed"),
      all,
      "target",
      "failing: the breaker is open",
    ),
    ...counted(
      count(({ limiter }) => limiter.pausedUntilMs !== null),
      all,
      "target",
      "paused after HTTP 429",
    ),
  ];
}

/** How many incidents of each target are dead letters now. A replayed letter does not count unless it died again. */
export function deadByTarget(incidents: LedgerStats["incidents"]): Map<string, number> {
  return new Map(incidents.flatMap(({ target, state, count }) => (state === "dead" ? [[target, count]] : [])));
}

/** Warnings about alerts that a target will not receive, although they fire. Counts only. */
export function deadWarnings(incidents: LedgerStats["incidents"]): string[] {
  const count = incidents.reduce((sum, one) => sum + (one.state === "dead" ? one.count : 0), 0);
  if (count === 0) return [];
  return [
    `${count} ${count === 1 ? "incident is a dead letter" : "incidents are dead letters"}: not delivered, and sent again only after a change of the alert or the target, or a replay`,
  ];
}

/** Returns why a target accepts nothing now, in the form in which its incidents show it. */
export function heldBackOf({ blocked, breaker, limiter }: TargetStatus): HeldBack | undefined {
  if (blocked) return { reason: "waiting_auth", detail: blocked.detail };
  if (breaker.state !== "closed")
    return {
      reason: "waiting_breaker",
      ...(breaker.lastFailure !== undefined && { detail: breaker.lastFailure }),
      ...(breaker.untilMs !== null && { untilMs: breaker.untilMs }),
    };
  return limiter.pausedUntilMs === null ? undefined : { reason: "waiting_pause", untilMs: limiter.pausedUntilMs };
}

/** Warnings about places of targets that cannot be read, or never could be. The targets found last stay in use. */
export const discoveryWarnings = (views: readonly Pick<DiscoveryView, "error">[]): string[] =>
  counted(
    views.filter(({ error }) => error !== null).length,
    views.length,
    "place of targets",
    "unreadable: changes there are not seen",
  );

const counted = (count: number, all: number, what: string, how: string): string[] =>
  count === 0 ? [] : [`${count} of ${all} ${all === 1 ? what : plural(what)} ${count === 1 ? "is" : "are"} ${how}`];

const plural = (what: string): string => what.replace(/^\w+/, "$&s");

/** Returns the errors of the targets that the configuration file lists. */
export const configuredErrors = (entries: readonly ResolvedTarget[]): Issue[] =>
  entries.flatMap(({ source, errors }) => (source === "config" ? errors : []));

/** Targets that receive nothing, whatever an alert says. Disabled ones are not among them: routing names those. */
export interface UnusedTargets {
  /** No version is in use. */
  readonly invalid: readonly {
    readonly target: string;
    readonly reason: "target_invalid" | "self_target";
    readonly detail: string;
  }[];
  /** Shadows: they do everything except send. */
  readonly shadows: ReadonlySet<string>;
}

export const unusedTargets = (entries: readonly ResolvedTarget[]): UnusedTargets => ({
  invalid: entries.flatMap(({ name, target, errors, refused }) => {
    if (target !== undefined) return [];
    const reason = refused === "self_target" ? refused : "target_invalid";
    return [{ target: name, reason, detail: errors.map(describe).join("; ") }];
  }),
  shadows: new Set(entries.flatMap(({ name, target }) => (target?.mode === "shadow" ? [name] : []))),
});

const describe = ({ path, message }: Issue): string => (path === "" ? message : `${path}: ${message}`);
