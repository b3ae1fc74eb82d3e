import { duration, severities } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { Drills } from "../../targets/drills/drills.ts";
import type { TargetRegistry } from "../../targets/registry.ts";
import { TestRefused } from "../../targets/tests/test-refused.ts";
import { type Endpoint, paramOf, queryOf } from "../endpoint.ts";
import { badRequest, conflict, notFound } from "../problem.ts";

export interface DrillEndpointsOptions {
  readonly drills: Pick<Drills, "start" | "end">;
  readonly targets: Pick<TargetRegistry, "find">;
}

/** A drill ends after this time, if its caller does not end it before. */
const defaultFor = "10m";

/** The longest time, so that no forgotten drill stays open. */
const maxForMs = 24 * 3_600_000;

export function drillEndpoints({ drills, targets }: DrillEndpointsOptions): Endpoint[] {
  const found = (request: FastifyRequest) => {
    const entry = targets.find(targetOf(request));
    if (entry === undefined) throw notFound("target");
    return entry;
  };
  const start = (path: string): Endpoint => ({
    method: "POST",
    path,
    role: "operate",
    does: "starts a fire drill at a target: sends it a marked incident; it ends by itself after ?for= (default 10m); ?severity= (default critical)",
    async answer(request, reply) {
      const entry = found(request);
      const severity = severities.find((one) => one === (queryOf(request, "severity") ?? "critical"));
      if (severity === undefined)
        throw badRequest({ path: "severity", message: `expected one of ${severities.join(", ")}` });
      const forMs = duration().safeParse(queryOf(request, "for") ?? defaultFor);
      if (!forMs.success || forMs.data < 1_000 || forMs.data > maxForMs)
        throw badRequest({ path: "for", message: 'expected a duration from "1s" to "24h"' });
      try {
        const fingerprint = await drills.start(entry, severity, forMs.data);
        reply.code(202);
        return { target: entry.name, fingerprint };
      } catch (error) {
        throw error instanceof TestRefused ? conflict(`${entry.name} ${error.message}`) : error;
      }
    },
  });
  const end = (path: string): Endpoint => ({
    method: "DELETE",
    path,
    role: "operate",
    does: "ends a fire drill at a target (?fingerprint=): its incident is resolved",
    async answer(request, reply) {
      const { name } = found(request);
      const fingerprint = queryOf(request, "fingerprint") ?? "";
      if (!(await drills.end(name, fingerprint))) throw notFound("drill");
      reply.code(202);
      return { target: name, fingerprint };
    },
  });
  // A target of a Secret is named `namespace/name`.
  return ["/api/v1/targets/:name/drill", "/api/v1/targets/:namespace/:name/drill"].flatMap((path) => [
    start(path),
    end(path),
  ]);
}

const targetOf = (request: FastifyRequest): string =>
  [paramOf(request, "namespace"), paramOf(request, "name")].filter((part) => part !== "").join("/");
