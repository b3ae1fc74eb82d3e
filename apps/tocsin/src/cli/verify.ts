import { setTimeout } from "node:timers/promises";
import { duration } from "@tocsin/core";
import { OperatorError, UsageError } from "../config/operator-error.ts";
import type { incidentBody } from "../http/endpoints/incidents.ts";
import type { targetBody, testBody } from "../http/endpoints/targets.ts";
import { callApi } from "./api.ts";
import { drillAtTarget } from "./drill-alert.ts";
import type { OperatorOptions } from "./operator-options.ts";
import { signalled } from "./signalled.ts";
import type { Terminal } from "./terminal.ts";
import { VerifyReport } from "./verify-report.ts";
import { seenAt } from "./seen-at.ts";

/** Options of `verify`. */
export interface VerifyOptions extends OperatorOptions {
  readonly target: string;
  readonly severity: string;
  readonly wait: string;
}

const lookEveryMs = 250;

/** The alert ends by itself this long after the longest check, if the command was killed. */
const endsAfterMs = 5 * 60_000;

/** Waits of a check: three deliveries and three looks at the receiver, of which each has two ways. */
const waits = 9;

type IncidentBody = ReturnType<typeof incidentBody>;

/** `tocsin verify`: checks the account behind a PagerDuty target step by step. Exit code 1 if a step failed. */
export async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const wait = duration().safeParse(options.wait);
  if (!wait.success || wait.data === 0) throw new UsageError('--wait: expected a duration such as "1m"');
  const stop = new AbortController();
  void signalled(terminal).then(() => stop.abort());
  const report = new VerifyReport(options.json === true ? () => {} : terminal.out);
  if ((await checkTarget(options, report)) && (await checkKey(options, report)))
    await checkEvents(options, { report, waitMs: wait.data, stop: stop.signal });
  const { steps, failed } = report;
  if (options.json === true)
    terminal.out(`${JSON.stringify({ target: options.target, ok: failed.length === 0, steps }, null, 2)}\n`);
  if (failed.length > 0)
    throw new OperatorError(
      `${failed.length} of ${steps.length} steps failed: ${failed.map(({ step }) => step).join(", ")}`,
    );
}

const pathOf = ({ target }: VerifyOptions): string => `targets/${encodeURIComponent(target)}`;

async function checkTarget(options: VerifyOptions, report: VerifyReport): Promise<boolean> {
  const found = (await callApi(options, "GET", pathOf(options))) as ReturnType<typeof targetBody>;
  const { type, enabled, mode, state, errors } = found;
  const [problem, fix] =
    type === undefined
      ? [`invalid: ${errors.map(({ path, message }) => `${path}: ${message}`).join("; ")}`, "correct it, and reload"]
      : type !== "pagerduty"
        ? [`it has the type ${type}`, "`tocsin targets test` tests targets of every type"]
        : enabled !== true
          ? ["it is disabled", "set `enabled: true`, and reload"]
          : mode === "shadow"
            ? ["it is in shadow mode and sends nothing", "set `mode: live`, and reload"]
            : [];
  if (problem === undefined) report.add("target", "ok", { detail: `${found.name} at ${found.origin} is ${state}` });
  else report.add("target", "failed", { detail: problem, fix: fix ?? "" });
  return problem === undefined;
}

async function checkKey(options: VerifyOptions, report: VerifyReport): Promise<boolean> {
  try {
    const answer = await callApi(options, "POST", `${pathOf(options)}/test?only=key`);
    const { ok, attempts } = answer as ReturnType<typeof testBody>;
    const [said] = attempts;
    const detail = `${said?.outcome} (${said?.status === undefined ? "" : `HTTP ${said.status}, `}${said?.answer})`;
    const fix =
      said?.outcome === "refused" || said?.outcome === "blocked"
        ? "the routing key is unknown or its integration is disabled: copy the integration key of an Events API v2 integration of the service"
        : "check the network, the proxy and `url` or `region` of the target, and repeat";
    report.add("key", ok ? "ok" : "failed", ok ? { detail: "PagerDuty knows the routing key" } : { detail, fix });
    return ok;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report.add("key", "failed", { detail: error.message, fix: "repeat later, with a token that has the role operate" });
    return false;
  }
}

interface Checking {
  readonly report: VerifyReport;
  readonly waitMs: number;
  readonly stop: AbortSignal;
}

/** Sends a marked incident, and its acknowledge and resolve, and looks for each at PagerDuty. */
async function checkEvents(options: VerifyOptions, checking: Checking): Promise<void> {
  const { report } = checking;
  let isOpen = true;
  const alert = await drillAtTarget(options, checking.waitMs * waits + endsAfterMs);
  try {
    const incident = await isDelivered(options, checking, { event: "trigger", fingerprint: alert.fingerprint });
    if (incident === undefined) return;
    await seenAt(options, checking, { incident: incident.id, event: "trigger" });
    await callApi(options, "POST", `incidents/${incident.id}/acknowledge`);
    if (await isDelivered(options, checking, { event: "acknowledge", fingerprint: alert.fingerprint }))
      await seenAt(options, checking, { incident: incident.id, event: "acknowledge" });
    isOpen = false;
    await alert.end();
    if (await isDelivered(options, checking, { event: "resolve", fingerprint: alert.fingerprint }))
      await seenAt(options, checking, { incident: incident.id, event: "resolve" });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report.add("end", "failed", {
      detail: error.message,
      fix: "`tocsin incidents list --q DRILL` shows whether the incident is still open",
    });
  } finally {
    if (isOpen) await alert.end();
  }
}

/** Waits until the target has accepted an event, and reports the step. Returns the incident if it has. */
async function isDelivered(
  options: VerifyOptions,
  { report, waitMs, stop }: Checking,
  { event, fingerprint }: { readonly event: "trigger" | "acknowledge" | "resolve"; readonly fingerprint: string },
): Promise<IncidentBody | undefined> {
  const untilMs = performance.now() + waitMs;
  for (;;) {
    const query = new URLSearchParams({ fingerprint, limit: "1" });
    const { incidents } = (await callApi(options, "GET", `incidents?${query.toString()}`)) as {
      readonly incidents: readonly IncidentBody[];
    };
    const [incident] = incidents;
    if (incident?.told?.certain === true && incident.told.event === event) {
      report.add(event, "ok", { detail: `accepted, incident ${incident.id} here` });
      return incident;
    }
    const isDead = incident?.state === "dead";
    if (isDead || stop.aborted || performance.now() >= untilMs) {
      const { state = "unknown", reason = "", lastFailure } = incident ?? {};
      const why = stop.aborted ? "the check was interrupted" : `not accepted within ${options.wait}`;
      report.add(event, "failed", {
        detail: `${isDead ? "refused" : why}: ${state} (${reason})${lastFailure ? `, ${lastFailure.detail}` : ""}`,
        fix: `\`tocsin targets show ${options.target}\` and docs/states.md explain the state`,
      });
      return undefined;
    }
    await setTimeout(lookEveryMs, undefined, { signal: stop }).catch(() => {});
  }
}
