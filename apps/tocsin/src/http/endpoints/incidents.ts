import {
  type Clock,
  type HeldBack,
  type HistoryEntry,
  type Incident,
  type IncidentView,
  leadingMember,
  type Ledger,
} from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { RelatedChanges } from "../../changes/related-changes.ts";
import { relatedChangeBody } from "./changes.ts";
import { type Endpoint, paramOf } from "../endpoint.ts";
import { classificationOfIncident } from "../../explain/shown-classification.ts";
import { traceIdOf } from "../../telemetry/tracing.ts";
import { timelineBody, timelineOf } from "../../explain/timeline.ts";
import { isoTime } from "../iso-time.ts";
import { incidentSearchOf, searchIncidents } from "./incident-search.ts";
import { notFound } from "../problem.ts";

export interface Incidents {
  readonly ledger: Pick<Ledger, "incidents" | "incident" | "alert" | "acknowledge" | "resolve">;
  readonly related: Pick<RelatedChanges, "before">;
  readonly clock: Clock;
  readonly wake: () => void;
}

export function incidentEndpoints({ ledger, related, clock, wake }: Incidents): Endpoint[] {
  const manualAction = (action: "acknowledge" | "resolve", does: string): Endpoint => ({
    method: "POST",
    path: `/api/v1/incidents/:id/${action}`,
    role: "operate",
    does,
    async answer(request, reply) {
      const id = idOf(request, "incident");
      if (!(await ledger[action](id, request.caller.name ?? "api"))) throw notFound("open incident");
      wake();
      reply.code(202);
      return { id };
    },
  });
  return [
    {
      method: "GET",
      path: "/api/v1/incidents",
      role: "read",
      does: "lists incidents: ?state= &reason= &target= &severity= &kind= &source= &since= &fingerprint= &matcher= &q= &limit= &cursor=",
      async answer(request) {
        const { incidents, ...rest } = await searchIncidents(incidentSearchOf(request), { ledger, clock });
        return { incidents: incidents.map(incidentBody), ...rest };
      },
    },
    {
      method: "GET",
      path: "/api/v1/incidents/:id",
      role: "read",
      does: "shows an incident with its timeline and the related changes of the hour before",
      async answer(request) {
        const found = await ledger.incident(idOf(request, "incident"));
        if (found === undefined) throw notFound("incident");
        const { incident } = found.view;
        const leading = await ledger.alert(leadingMember(incident.members).fingerprint);
        const classification = classificationOfIncident(incident, leading);
        const changes = leading ? await related.before(leading.alert) : [];
        return {
          ...incidentBody(found.view),
          ...(classification && { classification }),
          history: found.history.map(historyBody),
          changes: changes.map(relatedChangeBody),
          timeline: timelineOf({ ...found, changes, nowMs: clock.now() }).map(timelineBody),
        };
      },
    },
    manualAction("acknowledge", "acknowledges an incident, as a person would"),
    manualAction("resolve", "resolves an incident, as a person would"),
  ];
}

/** @throws Problem 404: an id is a number */
export function idOf(request: FastifyRequest, what: string): number {
  const text = paramOf(request, "id");
  if (!/^\d{1,15}$/.test(text)) throw notFound(what);
  return Number(text);
}

export function incidentBody({ incident, state, reason, labels, sources, confirmedAtMs, heldBack }: IncidentView) {
  const { wanted, told, acknowledgedBy, receiver } = incident;
  return {
    id: incident.id,
    target: incident.target,
    dedupKey: incident.dedupKey,
    kind: incident.kind,
    members: incident.members.map(({ fingerprint }) => fingerprint),
    labels,
    sources,
    severity: wanted.severity,
    state,
    reason,
    ...heldBackBody(heldBack),
    wanted: {
      status: wanted.status,
      acknowledged: wanted.acknowledged,
      severity: wanted.severity,
      summary: wanted.summary,
      at: isoTime(wanted.atMs),
    },
    told: told && {
      event: told.event,
      certain: told.certain,
      severity: told.severity,
      at: isoTime(told.atMs),
      // Nothing was sent.
      ...(told.shadow && { shadow: true as const }),
    },
    dueAt: isoTime(incident.dueAtMs),
    // Unlike `wanted.at`, it stays the same when a person acknowledges.
    dueSince: isoTime(incident.dueSinceMs),
    attempts: incident.attempts,
    lastFailure: failureBody(incident),
    acceptedAt: isoTime(incident.acceptedAtMs),
    // When the receiver first reported that it has the incident.
    confirmedAt: isoTime(receiver?.confirmedAtMs ?? null),
    // When a source last confirmed the alert.
    sourceConfirmedAt: isoTime(confirmedAtMs),
    updatedAt: isoTime(incident.updatedAtMs),
    ...(acknowledgedBy && { acknowledgedBy: { by: acknowledgedBy.by, at: isoTime(acknowledgedBy.atMs) } }),
    ...(receiver && { receiver: receiverBody(receiver) }),
    ...(incident.trace !== undefined && { traceId: traceIdOf(incident.trace) }),
  };
}

const receiverBody = ({ incident, confirmedAtMs, status }: NonNullable<Incident["receiver"]>) => ({
  ...(incident !== undefined && { incident }),
  ...(confirmedAtMs !== undefined && { confirmedAt: isoTime(confirmedAtMs) }),
  ...(status && { status: { is: status.is, at: isoTime(status.atMs) } }),
});

/** Empty while the target accepts events. */
export const heldBackBody = (heldBack: HeldBack | undefined) =>
  heldBack === undefined
    ? {}
    : {
        heldBack: {
          reason: heldBack.reason,
          ...(heldBack.detail !== undefined && { detail: heldBack.detail }),
          ...(heldBack.untilMs !== undefined && { until: isoTime(heldBack.untilMs) }),
        },
      };

const failureBody = ({ lastFailure }: Incident) =>
  lastFailure && { reason: lastFailure.reason, detail: lastFailure.detail, at: isoTime(lastFailure.atMs) };

export const historyBody = ({ atMs, what, detail, status, durationMs }: HistoryEntry) => ({
  at: isoTime(atMs),
  what,
  ...(detail !== undefined && { detail }),
  ...(status !== undefined && { status }),
  ...(durationMs !== undefined && { durationMs }),
});
