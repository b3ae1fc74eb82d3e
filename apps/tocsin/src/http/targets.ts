import type { Ledger, TargetStanding } from "@tocsin/core";

import { stateOf, type TargetEntry } from "../target-entry.ts";
import type { Targets } from "../targets.ts";
import { type Endpoint, paramOf } from "./endpoint.ts";
import type { Reloaded } from "./operations.ts";
import { iso } from "./page.ts";
import { notFound, reloadFailed } from "./problem.ts";

export interface TargetsAndStanding {
  readonly ledger: Pick<Ledger, "standing">;
  readonly targets: Pick<Targets, "entries">;
  /** Reads them anew. */
  readonly refresh: () => Promise<Reloaded>;
}

export function targetEndpoints({ ledger, targets, refresh }: TargetsAndStanding): Endpoint[] {
  const list = async () => {
    const standing = new Map((await ledger.standing()).map((one) => [one.target, one]));
    return targets.entries.map((entry) => targetBody(entry, standing.get(entry.name)));
  };
  return [
    {
      method: "GET",
      path: "/api/v1/targets",
      role: "read",
      does: "lists all targets, wrong ones too, with state, errors, limiter and breaker",
      answer: async () => ({ targets: await list() }),
    },
    {
      method: "GET",
      path: "/api/v1/targets/:name",
      role: "read",
      does: "shows a target",
      async answer(request) {
        const name = paramOf(request, "name");
        const found = (await list()).find((target) => target.name === name);
        if (found === undefined) throw notFound("target");
        return found;
      },
    },
    {
      method: "POST",
      path: "/api/v1/targets/refresh",
      role: "operate",
      does: "reads all targets anew",
      async answer() {
        const { issues } = await refresh();
        if (issues.length > 0) throw reloadFailed(issues);
        return { targets: await list() };
      },
    },
  ];
}

export function targetBody(entry: TargetEntry, standing: TargetStanding | undefined) {
  const { name, source, place, errors, warnings, target, inForce } = entry;
  return {
    name,
    ...(target && { type: target.type, format: target.format, enabled: target.enabled, mode: target.mode }),
    // The origin alone: the path of a webhook's URL is often its credential.
    ...(target && { origin: new URL(target.url).origin }),
    source,
    place,
    state: stateOf(entry, standing?.blocked),
    errors: [...errors, ...(standing?.blocked ? [{ path: "", message: standing.blocked.detail }] : [])],
    warnings,
    // Wrong as it stands now; what it was before still works.
    ...(errors.length > 0 && { inForce }),
    ...(standing && {
      limiter: {
        limit: standing.limiter.limit,
        used: standing.limiter.used,
        pausedUntil: iso(standing.limiter.pausedUntilMs),
      },
      breaker: { state: standing.breaker.state, until: iso(standing.breaker.untilMs) },
    }),
  };
}
