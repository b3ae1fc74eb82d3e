import { type Clock, compilePattern, InvalidPattern, type Ledger } from "@tocsin/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { version } from "../../config/version.ts";
import type { TargetRegistry } from "../../targets/registry.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";
import { badRequest, notFound } from "../problem.ts";
import { AlertGroups } from "./alert-groups.ts";
import { matchersOf } from "./alert-search.ts";
import { type FiringSearch, firingAlerts } from "./firing-alerts.ts";

export interface AlertmanagerApi {
  readonly ledger: Pick<Ledger, "firing" | "alert">;
  readonly targets: Pick<TargetRegistry, "decide" | "unused" | "find">;
  readonly clock: Clock;
}

/**
 * The part of Alertmanager's API that reads, for amtool and dashboards
 * (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml). Receivers are the targets. There are no silences:
 * an alert is suppressed if the API of its source shows it as silenced or inhibited.
 */
export function alertmanagerApiEndpoints({ ledger, targets, clock }: AlertmanagerApi): Endpoint[] {
  const startedAtMs = clock.now();
  const receiversOf = (alert: Parameters<typeof targets.decide>[0]): string[] => {
    const { shadows } = targets.unused;
    return targets.decide(alert).flatMap(({ send, target }) => (send && !shadows.has(target) ? [target] : []));
  };
  const list = (request: FastifyRequest, copies: (receivers: readonly string[]) => number) =>
    firingAlerts(searchOf(request), {
      ledger,
      clock,
      receiversOf,
      copies,
      isGone: () => request.raw.socket.destroyed,
    });
  return [
    {
      method: "GET",
      path: "/api/v2/alerts",
      role: "read",
      does: "lists the alerts that fire, as Alertmanager does: ?filter= &receiver= &active= &silenced= &inhibited=",
      async answer(request, reply) {
        const alerts = await list(request, () => 1);
        return sendJson(reply, `[${alerts.map(({ json }) => json).join(",")}]`);
      },
    },
    {
      method: "GET",
      path: "/api/v2/alerts/groups",
      role: "read",
      does: "lists the alerts that fire by target and group, as Alertmanager does; the same parameters",
      async answer(request, reply) {
        const test = receiverTest(request);
        const shown = (receivers: readonly string[]) => receivers.filter((name) => test(name));
        const groups = new AlertGroups((receiver) => targets.find(receiver)?.target?.groupBy ?? []);
        const alerts = await list(request, (receivers) => shown(receivers).length);
        for (const alert of alerts) groups.add(alert, shown(alert.receivers));
        return sendJson(reply, groups.json());
      },
    },
    {
      method: "GET",
      path: "/api/v2/status",
      role: "read",
      does: "shows version and start time, as Alertmanager does",
      answer: () => statusBody(startedAtMs),
    },
    {
      method: "GET",
      path: "/api/v2/silences",
      role: "read",
      does: "lists no silences, because Tocsin has none: silence alerts at their source",
      answer: () => [],
    },
    {
      method: "GET",
      path: "/api/v2/silence/:id",
      role: "read",
      does: "answers 404, because Tocsin has no silences",
      answer: () => {
        throw notFound("silence");
      },
    },
  ];
}

function searchOf(request: FastifyRequest): FiringSearch {
  return {
    matchers: matchersOf(request, "filter"),
    isReceiver: queryOf(request, "receiver") === undefined ? undefined : receiverTest(request),
    active: flagOf(request, "active"),
    // The source's API does not say which of the two an alert is, so the ledger stores only that it is one of them.
    suppressed: flagOf(request, "silenced") || flagOf(request, "inhibited"),
  };
}

/** `?receiver=` is a regular expression for the whole name. Without it, every receiver passes. */
function receiverTest(request: FastifyRequest): (receiver: string) => boolean {
  const pattern = queryOf(request, "receiver");
  if (pattern === undefined) return () => true;
  try {
    return compilePattern(pattern, { whole: true });
  } catch (error) {
    if (!(error instanceof InvalidPattern)) throw error;
    throw badRequest({ path: "receiver", message: error.message });
  }
}

/** Alertmanager accepts these words, and reads every other text as false. */
const flagWords = /^(?:true|1|yes|ok|y|on|selected|checked|t|enabled)$/i;

function flagOf(request: FastifyRequest, name: string): boolean {
  const text = queryOf(request, name);
  return text === undefined || flagWords.test(text);
}

function sendJson(reply: FastifyReply, text: string): string {
  void reply.type("application/json; charset=utf-8");
  return text;
}

/** Clients show this text as the configuration. The configuration of Tocsin has another form, and names secrets. */
const configText = "# Tocsin answers like an Alertmanager, but has no configuration of Alertmanager.\n";

const statusBody = (startedAtMs: number) => ({
  cluster: { status: "disabled", peers: [] },
  config: { original: configText },
  uptime: isoTime(startedAtMs),
  versionInfo: { version, revision: "", branch: "", buildUser: "", buildDate: "", goVersion: "" },
});
