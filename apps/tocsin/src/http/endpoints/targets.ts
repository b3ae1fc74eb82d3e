import type { Ledger, TargetStatus } from "@tocsin/core";
import type { Discoveries, DiscoveryView } from "../../targets/discovery/discoveries.ts";
import type { LastAttemptLog, LastAttempts } from "../../targets/last-attempts.ts";
import type { Found, Reachability } from "../../targets/reachability/reachability.ts";
import { stateOf, type ResolvedTarget } from "../../targets/resolved-target.ts";
import type { TargetRegistry } from "../../targets/registry.ts";
import { deadByTarget, heldBackOf } from "../../targets/target-warnings.ts";
import type { TargetTests, TestReport } from "../../targets/tests/target-tests.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import type { Reloaded } from "./operations.ts";
import { heldBackBody } from "./incidents.ts";
import { isoTime } from "../iso-time.ts";
import { badRequest, reloadFailed } from "../problem.ts";
import { withNamedTarget } from "./with-named-target.ts";

export interface TargetEndpointsOptions {
  readonly ledger: Pick<Ledger, "targetStatus" | "stats">;
  readonly targets: Pick<TargetRegistry, "entries" | "find">;
  readonly discoveries: Pick<Discoveries, "views" | "refresh">;
  readonly reachability: Pick<Reachability, "of" | "check">;
  readonly targetTests: Pick<TargetTests, "run" | "checkKey">;
  readonly lastAttempts: Pick<LastAttemptLog, "all">;
  readonly reload: () => Promise<Reloaded>;
  /** Says why the targets in use may differ from what is written. */
  readonly outdatedWarnings: () => readonly string[];
}

export function targetEndpoints(o: TargetEndpointsOptions): Endpoint[] {
  const { ledger, targets, discoveries, reachability, targetTests, lastAttempts, reload, outdatedWarnings } = o;
  const bodies = async (entries: readonly ResolvedTarget[]) => {
    const [statuses, { incidents }, last] = await Promise.all([
      ledger.targetStatus(),
      ledger.stats(),
      lastAttempts.all(),
    ]);
    const known = new Map(statuses.map((one) => [one.target, one]));
    const dead = deadByTarget(incidents);
    return entries.map((entry) => ({
      ...targetBody(entry, known.get(entry.name), entry.target && reachability.of(new URL(entry.target.url).origin)),
      deadLetters: dead.get(entry.name) ?? 0,
      ...lastAttemptsBody(last.get(entry.name)),
    }));
  };
  const list = async () => {
    return {
      targets: await bodies(targets.entries),
      discovery: discoveries.views.map(discoveryBody),
      // The list may differ from the file.
      ...(outdatedWarnings().length > 0 && { warnings: outdatedWarnings() }),
    };
  };
  /** A target of a Secret is named `namespace/name`. */
  const show = (path: string): Endpoint => ({
    method: "GET",
    path,
    role: "read",
    does: "shows a target",
    answer: (request) => withNamedTarget(request, o, async (entry) => (await bodies([entry]))[0]),
  });
  const tryOut = (path: string): Endpoint => ({
    method: "POST",
    path,
    role: "operate",
    does: "tests a target: sends it a marked incident, waits for its response and resolves it; ?only=key only checks the key with PagerDuty",
    answer(request) {
      const only = queryOf(request, "only");
      if (only !== undefined && only !== "key") throw badRequest({ path: "only", message: 'expected "key"' });
      return withNamedTarget(request, o, async (entry) =>
        testBody(await (only === "key" ? targetTests.checkKey(entry) : targetTests.run(entry))),
      );
    },
  });
  return [
    {
      method: "GET",
      path: "/api/v1/targets",
      role: "read",
      does: "lists all targets, invalid ones included, with state, errors, limiter and breaker, and the places where targets are discovered",
      answer: list,
    },
    show("/api/v1/targets/:name"),
    show("/api/v1/targets/:namespace/:name"),
    tryOut("/api/v1/targets/:name/test"),
    tryOut("/api/v1/targets/:namespace/:name/test"),
    {
      method: "POST",
      path: "/api/v1/targets/refresh",
      role: "operate",
      does: "reads all targets again",
      async answer() {
        const { outcome, issues } = await reload();
        await discoveries.refresh();
        await reachability.check();
        // The list has the errors of each target.
        if (outcome === "kept") throw reloadFailed({ outcome, issues });
        return list();
      },
    },
  ];
}

const lastAttemptsBody = ({ successAtMs, error }: LastAttempts = {}) => ({
  lastSuccess: successAtMs === undefined ? null : { at: isoTime(successAtMs) },
  lastError: error === undefined ? null : { at: isoTime(error.atMs), reason: error.reason, detail: error.detail },
});

export const discoveryBody = ({ source, where, state, syncedAtMs, staleSinceMs, error }: DiscoveryView) => ({
  source,
  where,
  state,
  syncedAt: isoTime(syncedAtMs),
  staleSince: isoTime(staleSinceMs),
  error,
});

export const testBody = ({ heldBack, ...report }: TestReport) => ({ ...report, ...heldBackBody(heldBack) });

export function targetBody(entry: ResolvedTarget, standing?: TargetStatus, reached?: Found) {
  const { name, source, place, errors, warnings, target, inForce } = entry;
  return {
    name,
    ...(target && { type: target.type, format: target.format, enabled: target.enabled, mode: target.mode }),
    // Only the origin: the path of a webhook URL is often its credential.
    ...(target && { origin: new URL(target.url).origin }),
    source,
    place,
    state: stateOf(entry, standing),
    ...heldBackBody(standing && heldBackOf(standing)),
    ...(entry.refused === "self_target" && { reason: entry.refused }),
    errors: [...errors, ...(standing?.blocked ? [{ path: "", message: standing.blocked.detail }] : [])],
    warnings,
    // The definition is invalid now; the earlier one is still in use.
    ...(errors.length > 0 && { inForce }),
    ...(reached && { reachability: reachabilityBody(reached) }),
    ...(standing && {
      limiter: {
        limit: standing.limiter.limit,
        used: standing.limiter.used,
        pausedUntil: isoTime(standing.limiter.pausedUntilMs),
      },
      breaker: {
        state: standing.breaker.state,
        until: isoTime(standing.breaker.untilMs),
        ...(standing.breaker.lastFailure !== undefined && { lastFailure: standing.breaker.lastFailure }),
      },
    }),
  };
}

/** Whether a connection to the server succeeds. Only sent events show whether it accepts events. */
const reachabilityBody = ({ atMs, ok, step, detail, tookMs }: Found) => ({
  ok,
  step,
  detail,
  tookMs,
  at: isoTime(atMs),
});
