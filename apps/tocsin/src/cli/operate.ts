import { setTimeout } from "node:timers/promises";
import type { deadLetterBody } from "../http/endpoints/dead-letters.ts";
import type { incidentBody } from "../http/endpoints/incidents.ts";
import type { discoveryBody, targetBody, testBody } from "../http/endpoints/targets.ts";
import { OperatorError } from "../config/operator-error.ts";
import { callApi } from "./api.ts";
import { heldBackText } from "./held-back.ts";
import type { ListOptions, OperatorOptions } from "./operator-options.ts";
import { printable, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

type TargetBody = ReturnType<typeof targetBody> & { readonly deadLetters: number };

/*
 * Operator commands. Each makes one call of the API and prints the answer as a table, or unchanged with --json.
 */

export async function listDeadLetters(terminal: Terminal, options: ListOptions): Promise<void> {
  const answer = await callApi(
    options,
    "GET",
    `deadletters?${query(options, ["target", "reason", "limit", "cursor"])}`,
  );
  const { deadletters } = answer as { deadletters: ReturnType<typeof deadLetterBody>[] };
  const rows = deadletters.map(({ id, incident, target, action, reason, at, replayedAt, answer: said }) => [
    id,
    incident,
    target,
    action,
    replayedAt === null ? reason : `${reason}, replayed at ${replayedAt}`,
    at,
    said,
  ]);
  print(terminal, options, answer, table(["ID", "INCIDENT", "TARGET", "EVENT", "REASON", "AT", "ANSWER"], rows));
  sayMore(terminal, options, answer);
}

export async function listTargets(terminal: Terminal, options: OperatorOptions): Promise<void> {
  const answer = await callApi(options, "GET", "targets");
  const { targets, discovery, warnings } = answer as {
    targets: TargetBody[];
    discovery: ReturnType<typeof discoveryBody>[];
    warnings?: readonly string[];
  };
  const rows = targets.map((target) => [
    target.name,
    target.type,
    [stateText(target), ...(target.inForce === undefined ? [] : [inUse[target.inForce]])].join(", "),
    target.place,
    target.origin,
    target.deadLetters,
    problemText(target),
  ]);
  const stale = discovery
    .filter(({ state }) => state !== "synced")
    .map(
      (one) =>
        `${one.source} ${one.where}: ${[one.state, one.error].filter(Boolean).join(", ")}; targets that were found there last stay in use`,
    );
  const text = table(["NAME", "TYPE", "STATE", "PLACE", "ORIGIN", "DEAD LETTERS", "ERRORS"], rows);
  print(terminal, options, answer, `${text}${stale.map((line) => `${printable(line)}\n`).join("")}`);
  sayWarnings(terminal, options, warnings);
}

export function sayWarnings(terminal: Terminal, options: OperatorOptions, warnings: readonly string[] = []): void {
  if (options.json) return;
  for (const warning of warnings) terminal.err(`Warning: ${printable(warning)}\n`);
}

/** Names the definition of an invalid target that is in use. */
const inUse: Readonly<Record<NonNullable<TargetBody["inForce"]>, string>> = {
  as_written: "in use as written",
  last_valid: "the last valid definition is in use",
  without_fallback: "in use without its fallback",
  nothing: "not in use",
};

/** The state, the open breaker and the pause: a target may be in several at once. */
function stateText({ state, breaker, limiter }: TargetBody): string {
  const held = [
    ...(breaker !== undefined && breaker.state !== "closed"
      ? [`failing (breaker ${breaker.state.replace("_", "-")}${nextTry(breaker.until)})`]
      : []),
    ...(limiter !== undefined && limiter.pausedUntil !== null
      ? [`paused after HTTP 429${nextTry(limiter.pausedUntil)}`]
      : []),
  ];
  return [...(state === "failing" || state === "paused" ? [] : [state]), ...held].join(", ");
}

/** Errors of the definition and of the last attempts. */
function problemText({ errors, breaker }: TargetBody): string {
  return [
    ...errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)),
    ...(breaker?.lastFailure === undefined ? [] : [`last failure: ${breaker.lastFailure}`]),
  ].join("; ");
}

const nextTry = (at: string | null): string => (at === null ? "" : `, next try at ${at}`);

export async function testTarget(
  terminal: Terminal,
  options: OperatorOptions & { readonly keyOnly?: boolean },
  name: string,
): Promise<void> {
  const answer = await callApi(
    options,
    "POST",
    `targets/${encodeURIComponent(name)}/test${options.keyOnly ? "?only=key" : ""}`,
  );
  const report = answer as TestBody;
  const { target, ok, attempts } = report;
  const rows = attempts.map(({ action, outcome, status, durationMs, answer: said }) => [
    action,
    outcome,
    status,
    `${Math.round(durationMs)} ms`,
    said,
  ]);
  print(
    terminal,
    options,
    answer,
    rows.length === 0 ? "" : table(["EVENT", "OUTCOME", "STATUS", "TOOK", "ANSWER"], rows),
  );
  if (!ok) throw new OperatorError(unsentText(report) ?? `${target} did not accept it`);
}

type TestBody = ReturnType<typeof testBody>;

/** Says that the receiver had nothing to answer, and what the event waited for. Undefined: an attempt ended. */
function unsentText({ target, waiting, heldBack }: TestBody): string | undefined {
  if (waiting === undefined) return undefined;
  if (waiting === "in_flight") return `${target} has not answered yet: a request is under way`;
  const why = heldBack
    ? heldBackText(heldBack)
    : waiting === "waiting_limit"
      ? noRoom
      : `The event waited (${waiting})`;
  return `The test event was not sent to ${target}, and it will not be sent. ${why}. Repeat the test later`;
}

const noRoom = "The rate limit of the credential has no room now (waiting_limit)";

export async function manualAction(
  terminal: Terminal,
  options: OperatorOptions,
  action: "acknowledge" | "resolve",
  id: string,
): Promise<void> {
  const answer = await callApi(options, "POST", `incidents/${encodeURIComponent(id)}/${action}`);
  print(terminal, options, answer, `Incident ${id} is ${action}d. Its target will be notified.\n`);
}

export async function stats(terminal: Terminal, options: OperatorOptions): Promise<void> {
  const answer = (await callApi(options, "GET", "stats")) as StatsBody;
  const lines = [
    ...Object.entries(answer.alerts).map(([name, count]) => ["alerts", name, "", count]),
    // A state that incidents have left has the count 0.
    ...answer.incidents
      .filter(({ count }) => count > 0)
      .map(({ target, state, count }) => ["incidents", state, target, count]),
    ...answer.deadLetters.map(({ target, reason, count }) => ["dead letters", reason, target, count]),
  ] as const;
  print(terminal, options, answer, table(["WHAT", "STATE OR REASON", "TARGET", "COUNT"], lines));
}

interface StatsBody {
  readonly alerts: Readonly<Record<string, number>>;
  readonly incidents: readonly { readonly target: string; readonly state: string; readonly count: number }[];
  readonly deadLetters: readonly { readonly target: string; readonly reason: string; readonly count: number }[];
}

export async function reload(terminal: Terminal, options: OperatorOptions): Promise<void> {
  const answer = (await callApi(options, "POST", "/-/reload")) as ReloadBody;
  const later = answer.needsRestart.map((key) => `${key} takes effect at the next start\n`);
  print(terminal, options, answer, `The configuration was reloaded\n${later.join("")}`);
  sayWarnings(terminal, options, answer.warnings);
}

interface ReloadBody {
  readonly needsRestart: readonly string[];
  /** Problems that remain although the whole configuration was applied. */
  readonly warnings?: readonly string[];
}

/** Writes to stderr, so that a script that reads the table reads nothing else. */
export function sayMore(terminal: Terminal, options: OperatorOptions, answer: unknown): void {
  const { nextCursor } = answer as { readonly nextCursor?: string };
  if (nextCursor !== undefined && !options.json)
    terminal.err(`There are more. Show them with --cursor ${nextCursor}, or raise --limit.\n`);
}

/** Prints one object with all its fields. */
export async function show(terminal: Terminal, options: OperatorOptions, path: string): Promise<void> {
  terminal.out(json(await callApi(options, "GET", path)));
}

/** Replays a dead letter, and waits a few seconds for the answer of the target. */
export async function replay(terminal: Terminal, options: OperatorOptions, id: string): Promise<void> {
  const answer = await callApi(options, "POST", `deadletters/${encodeURIComponent(id)}/replay`);
  const { incident } = answer as { readonly incident: number };
  print(terminal, options, answer, `The event of dead letter ${id} is queued again (incident ${incident})\n`);
  const result = await resultOf(options, incident);
  if (result?.state === "dead")
    throw new OperatorError(
      `It is a dead letter again (${result.reason}): ${result.lastFailure?.detail ?? "see `tocsin deadletters list`"}`,
    );
  if (options.json) return;
  if (result?.state === "not_told") {
    terminal.out(`Nothing was sent, because the event is no longer needed (${result.reason})\n`);
    return;
  }
  const now = result === undefined ? "" : `Incident ${incident} is ${result.state}, ${result.reason}`;
  const isDone = result !== undefined && ended.has(result.state);
  terminal.out(
    isDone
      ? `${now}\n`
      : `${now}${now && ". "}If the event is refused again, \`tocsin deadletters list\` shows it; \`tocsin incidents show ${incident}\` and \`tocsin explain\` show the result\n`,
  );
}

type IncidentBody = ReturnType<typeof incidentBody>;

const ended: ReadonlySet<string> = new Set(["dead", "told", "closed", "not_told"]);

const maxResultMs = 5_000;
const resultEveryMs = 200;

/** The incident once its event was answered, or as it is after a few seconds. Undefined: this token may not read it. */
async function resultOf(options: OperatorOptions, id: number): Promise<IncidentBody | undefined> {
  const untilMs = performance.now() + maxResultMs;
  try {
    for (;;) {
      const incident = (await callApi(options, "GET", `incidents/${id}`)) as IncidentBody;
      if (ended.has(incident.state) || performance.now() > untilMs) return incident;
      await setTimeout(resultEveryMs);
    }
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

export async function drop(terminal: Terminal, options: OperatorOptions, id: string): Promise<void> {
  await callApi(options, "DELETE", `deadletters/${encodeURIComponent(id)}`);
  print(terminal, options, { id }, `dead letter ${id} is dropped\n`);
}

export function print(terminal: Terminal, options: OperatorOptions, answer: unknown, text: string): void {
  terminal.out(options.json ? json(answer) : text);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function query(options: ListOptions, names: readonly ("target" | "reason" | "limit" | "cursor")[]): string {
  return new URLSearchParams(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ).toString();
}
