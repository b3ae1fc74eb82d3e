import type { FastifyRequest } from "fastify";
import type { Reconciler, Reconciliation } from "../../reconcile/reconciler.ts";
import type { TargetRegistry } from "../../targets/registry.ts";
import { type Endpoint, queriesOf } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";
import { conflict, notFound } from "../problem.ts";

export interface Reconciles {
  readonly reconciler: Pick<Reconciler, "begin" | "last" | "comparable">;
  readonly targets: Pick<TargetRegistry, "find">;
}

const path = "/api/v1/reconcile";

export function reconcileEndpoints({ reconciler, targets }: Reconciles): Endpoint[] {
  const begin = (apply: boolean) => (request: FastifyRequest, reply: { code(status: number): unknown }) => {
    const named = queriesOf(request, "target").map((name) => targets.find(name)?.name ?? name);
    const { comparable } = reconciler;
    const unknown = named.find((name) => targets.find(name) === undefined);
    if (unknown !== undefined) throw notFound("target");
    const without = named.find((name) => !comparable.includes(name));
    if (without !== undefined)
      throw conflict(`target ${without} cannot be compared: it needs a rest_token, and must be enabled and live`);
    const chosen = named.length > 0 ? named : comparable;
    if (chosen.length === 0) throw conflict("no target can be compared: none has a rest_token");
    if (!reconciler.begin(apply, chosen)) throw conflict("a comparison is running; GET /api/v1/reconcile shows it");
    reply.code(202);
    return reconciliationBody(reconciler.last);
  };
  return [
    {
      method: "GET",
      path,
      role: "read",
      does: "the last comparison of incidents with their receivers, or the one that runs",
      answer: () => reconciliationBody(reconciler.last),
    },
    {
      method: "POST",
      path,
      role: "read",
      does: "compares incidents with their receivers (?target=): what is open there and has ended here, or the reverse",
      answer: begin(false),
    },
    {
      method: "POST",
      path: `${path}/apply`,
      role: "operate",
      does: "the same, and repairs the differences",
      answer: begin(true),
    },
  ];
}

export const reconciliationBody = (last: Reconciliation | undefined) =>
  last === undefined
    ? { running: false, targets: [] }
    : {
        running: last.running,
        apply: last.apply,
        startedAt: isoTime(last.startedAtMs),
        ...(last.endedAtMs !== undefined && { endedAt: isoTime(last.endedAtMs) }),
        targets: last.targets.map((target) => last.reports.find((one) => one.target === target) ?? { target }),
      };
