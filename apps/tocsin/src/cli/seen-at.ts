import { setTimeout } from "node:timers/promises";
import type { incidentBody } from "../http/endpoints/incidents.ts";
import { callApi } from "./api.ts";
import type { OperatorOptions } from "./operator-options.ts";
import type { VerifyReport } from "./verify-report.ts";

/** PagerDuty applies an event some time after it accepted it, and its API accepts 960 calls a minute. */
const lookEveryMs = 1_000;

/** The states that show the effect of an event: in callbacks, and in the API of the receiver. */
const effects = {
  trigger: { reported: ["open", "acknowledged"], found: ["triggered", "acknowledged"] },
  acknowledge: { reported: ["acknowledged"], found: ["acknowledged"] },
  resolve: { reported: ["resolved"], found: ["resolved"] },
} as const;

interface AtReceiver {
  readonly callback: boolean;
  readonly lookUp:
    | { readonly incident: { readonly id: string; readonly status: string } | null }
    | { readonly failure: { readonly reason: string; readonly detail: string } }
    | null;
}

interface Seeing {
  readonly report: VerifyReport;
  readonly waitMs: number;
  readonly stop: AbortSignal;
}

interface Sought {
  readonly incident: number;
  readonly event: keyof typeof effects;
}

/** Waits until PagerDuty shows the effect of an event, in each way that is configured, and reports a step for each way. */
export async function seenAt(
  options: OperatorOptions & { readonly wait: string },
  { report, waitMs, stop }: Seeing,
  { incident, event }: Sought,
): Promise<void> {
  const untilMs = performance.now() + waitMs;
  const open = new Set(["callback", "REST API"]);
  const end = (
    way: string,
    ...[result, more]: [Parameters<VerifyReport["add"]>[1], Parameters<VerifyReport["add"]>[2]]
  ) => {
    if (open.delete(way)) report.add(`${event} seen by ${way}`, result, more);
  };
  while (open.size > 0) {
    const isOver = stop.aborted || performance.now() >= untilMs;
    const [{ callback, lookUp }, shown] = (await Promise.all([
      callApi(options, "GET", `incidents/${incident}/receiver`),
      callApi(options, "GET", `incidents/${incident}`),
    ])) as [AtReceiver, ReturnType<typeof incidentBody>];
    const status = shown.receiver?.status?.is;
    if (!callback) end("callback", "skipped", skipped.callback);
    else if (status !== undefined && isOneOf(effects[event].reported, status))
      end("callback", "ok", { detail: `PagerDuty reported ${status}` });
    else if (isOver)
      end("callback", "failed", {
        detail: `${status === undefined ? "PagerDuty reported nothing" : `the last report is ${status}`} within ${options.wait}`,
        fix: "check the webhook subscription at PagerDuty (docs/callbacks.md): its URL, secret, scope and events",
      });
    if (lookUp === null) end("REST API", "skipped", skipped.restApi);
    else if ("failure" in lookUp) {
      const { reason, detail } = lookUp.failure;
      if (reason === "auth" || isOver) end("REST API", "failed", { detail, fix: fixOf(reason) });
    } else if (lookUp.incident !== null && isOneOf(effects[event].found, lookUp.incident.status))
      end("REST API", "ok", { detail: `PagerDuty has incident ${lookUp.incident.id}, ${lookUp.incident.status}` });
    else if (isOver)
      end("REST API", "failed", {
        detail:
          lookUp.incident === null
            ? `PagerDuty has no incident with this dedup key after ${options.wait}`
            : `PagerDuty's incident ${lookUp.incident.id} is still ${lookUp.incident.status} after ${options.wait}`,
        fix: "check at PagerDuty that the service is enabled and not in maintenance, that no rule suppresses the event, and that the token belongs to the same account",
      });
    if (open.size > 0) await setTimeout(lookEveryMs, undefined, { signal: stop }).catch(() => {});
  }
}

const skipped = {
  callback: { detail: "no callback names this target", fix: "add `callbacks` (docs/callbacks.md)" },
  restApi: { detail: "the target has no rest_token", fix: "add a read-only `rest_token` (docs/reconcile.md)" },
} as const;

const fixOf = (reason: string): string =>
  reason === "auth"
    ? "PagerDuty refuses the rest_token: create a read-only API key, and set it at the target"
    : "check the network and the proxy, and repeat";

const isOneOf = (words: readonly string[], word: string): boolean => words.includes(word);
