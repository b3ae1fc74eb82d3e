import { setTimeout } from "node:timers/promises";
import { duration } from "@tocsin/core";
import { OperatorError, UsageError } from "../config/operator-error.ts";
import type { incidentBody } from "../http/endpoints/incidents.ts";
import { callApi } from "./api.ts";
import { type DrillAlert, drillAtTarget, drillThroughIntake } from "./drill-alert.ts";
import { DrillReport } from "./drill-report.ts";
import type { DrillOptions, OperatorOptions } from "./operator-options.ts";
import { signalled } from "./signalled.ts";
import type { Terminal } from "./terminal.ts";

const lookEveryMs = 250;

/** Longest wait until all targets have accepted the resolve, and the same after Ctrl-C. */
const resolveWithinMs = { usual: 2 * 60_000, interrupted: 10_000 } as const;

/** The alert ends by itself this long after the wait, if the command was killed. */
const endsAfterWaitMs = 5 * 60_000;

/** `tocsin drill`: plays a fire drill. Errors and Ctrl-C resolve it too. */
export async function drill(terminal: Terminal, options: DrillOptions): Promise<void> {
  const wait = duration().safeParse(options.wait);
  if (!wait.success || wait.data === 0) throw new UsageError('--wait: expected a duration such as "5m"');
  const stop = new AbortController();
  void signalled(terminal).then(() => stop.abort());
  const report = new DrillReport(options.json === true ? () => {} : terminal.out);
  const alert = await begin(options, wait.data + endsAfterWaitMs);
  report.step("received", { detail: `by Tocsin as alert ${alert.fingerprint}` });
  try {
    await follow(options, { alert, report, untilMs: performance.now() + wait.data, stop: stop.signal });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report.fail(error.message);
  } finally {
    await end(options, { alert, report, stop: stop.signal });
  }
  if (options.json === true) terminal.out(`${JSON.stringify(report.body(alert.fingerprint), null, 2)}\n`);
  if (report.problems.length > 0) throw new OperatorError(report.problems.join("\n"));
}

async function begin(options: DrillOptions, endsAfterMs: number): Promise<DrillAlert> {
  try {
    // Before the alert fires: a token that cannot follow a drill must not start one.
    await callApi(options, "GET", "incidents?limit=1");
    return await (options.target === undefined ? drillThroughIntake : drillAtTarget)(options, endsAfterMs);
  } catch (error) {
    if (!(error instanceof OperatorError) || !error.message.startsWith("403")) throw error;
    const needed = options.target === undefined ? "ingest and read" : "operate and read";
    throw new OperatorError(`${error.message}\nThis drill needs a token with the roles ${needed}. Nothing was sent.`, {
      cause: error,
    });
  }
}

interface Drilling {
  readonly alert: DrillAlert;
  readonly report: DrillReport;
  readonly stop: AbortSignal;
}

type IncidentBody = ReturnType<typeof incidentBody>;

/** Returns when it is delivered everywhere and acknowledged. @throws OperatorError if that fails */
async function follow(
  options: DrillOptions,
  { alert, report, untilMs, stop }: Drilling & { readonly untilMs: number },
): Promise<void> {
  for (;;) {
    const incidents = await incidentsOf(options, alert);
    if (incidents.length === 0)
      throw new OperatorError(
        `No target receives this alert. \`tocsin explain ${alert.fingerprint}\` says why; --label adds labels, --target names one target`,
      );
    report.saw(incidents);
    const refused = incidents.filter(({ state }) => state === "dead" || state === "not_told");
    if (refused.length > 0) throw new OperatorError(refused.map(undelivered).join("\n"));
    const late = incidents.filter((incident) => !isDelivered(incident));
    const isResolved = incidents.some(({ wanted }) => wanted.status === "resolved");
    if (isResolved) report.once("acknowledged", { detail: "by a person who resolved it" });
    const isAcknowledged = isResolved || incidents.some(({ wanted }) => wanted.acknowledged);
    if (late.length === 0 && (isAcknowledged || !options.acknowledge)) return;
    if (late.length === 0) report.once("waiting", { detail: `for a person to acknowledge it, up to ${options.wait}` });
    if (performance.now() >= untilMs)
      throw new OperatorError(
        late.length > 0
          ? late.map(undelivered).join("\n")
          : `No person acknowledged it within ${options.wait}. Without a callback of the receiver, Tocsin does not learn of an acknowledgement there`,
      );
    await setTimeout(lookEveryMs, undefined, { signal: stop }).catch(() => {
      throw new OperatorError("The drill was interrupted");
    });
  }
}

/** Ends the alert, and waits until all targets have accepted the resolve. Its problems go to the report. */
async function end(options: DrillOptions, { alert, report, stop }: Drilling): Promise<void> {
  const sinceMs = performance.now();
  try {
    for (;;) {
      // Repeated, because a clock of this machine that is ahead dates the end into the future.
      await alert.end();
      const incidents = await incidentsOf(options, alert);
      report.saw(incidents);
      const open = incidents.filter(({ state }) => state !== "closed" && state !== "not_told" && state !== "dead");
      if (open.length === 0) return;
      if (performance.now() - sinceMs > resolveWithinMs[stop.aborted ? "interrupted" : "usual"]) {
        const targets = open.map(({ target, id }) => `${target} (incident ${id})`).join(", ");
        report.fail(`It is not resolved yet at ${targets}. Tocsin goes on to send the resolve`);
        return;
      }
      await setTimeout(lookEveryMs);
    }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report.fail(
      `The drill could not be followed to its end: ${error.message}. If it is still open, \`tocsin incidents resolve\` ends it`,
    );
  }
}

async function incidentsOf(options: OperatorOptions, { fingerprint }: DrillAlert): Promise<readonly IncidentBody[]> {
  const answer = await callApi(options, "GET", `incidents?fingerprint=${encodeURIComponent(fingerprint)}&limit=100`);
  // A shadow target receives nothing.
  return (answer as { incidents: IncidentBody[] }).incidents.filter(
    ({ told, reason }) => told?.shadow !== true && reason !== "shadow",
  );
}

const isDelivered = ({ told }: IncidentBody): boolean => told?.certain === true;

const undelivered = ({ target, state, reason, lastFailure }: IncidentBody): string =>
  `It was not delivered to ${target}: ${state} (${reason})${lastFailure ? `, ${lastFailure.detail}` : ""}`;
