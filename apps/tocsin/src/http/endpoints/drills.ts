import { duration, severities } from "@tocsin/core";
import type { Drills } from "../../targets/drills/drills.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import { oneOf } from "../one-of.ts";
import { badRequest, notFound } from "../problem.ts";
import { type NamedTargetOptions, withNamedTarget } from "./with-named-target.ts";

export interface DrillEndpointsOptions extends NamedTargetOptions {
  readonly drills: Pick<Drills, "start" | "end">;
}

/** A drill ends after this time, if its caller does not end it before. */
export const defaultFor = "10m";

/** The longest time, so that no forgotten drill stays open. */
const maxForMs = 24 * 3_600_000;

export function drillEndpoints(o: DrillEndpointsOptions): Endpoint[] {
  const { drills } = o;
  const start = (path: string): Endpoint => ({
    method: "POST",
    path,
    role: "operate",
    does: "starts a fire drill at a target: sends it a marked incident; it ends by itself after ?for= (default 10m); ?severity= (default critical)",
    answer: (request, reply) =>
      withNamedTarget(request, o, async (entry) => {
        const severity = oneOf(request, "severity", severities) ?? "critical";
        const forMs = duration().safeParse(queryOf(request, "for") ?? defaultFor);
        if (!forMs.success || forMs.data < 1_000 || forMs.data > maxForMs)
          throw badRequest({ path: "for", message: 'expected a duration from "1s" to "24h"' });
        const fingerprint = await drills.start(entry, severity, forMs.data);
        reply.code(202);
        return { target: entry.name, fingerprint };
      }),
  });
  const end = (path: string): Endpoint => ({
    method: "DELETE",
    path,
    role: "operate",
    does: "ends a fire drill at a target (?fingerprint=): its incident is resolved",
    answer: (request, reply) =>
      withNamedTarget(request, o, async ({ name }) => {
        const fingerprint = queryOf(request, "fingerprint") ?? "";
        if (!(await drills.end(name, fingerprint))) throw notFound("drill");
        reply.code(202);
        return { target: name, fingerprint };
      }),
  });
  // A target of a Secret is named `namespace/name`.
  return ["/api/v1/targets/:name/drill", "/api/v1/targets/:namespace/:name/drill"].flatMap((path) => [
    start(path),
    end(path),
  ]);
}
