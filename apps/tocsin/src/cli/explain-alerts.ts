import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { alertBody } from "../http/endpoints/alerts.ts";
import type { ChangeBody, RelatedChangeBody } from "../http/endpoints/changes.ts";
import type { explainedBody } from "../http/endpoints/explain.ts";
import { OperatorError } from "../config/operator-error.ts";
import { callApi } from "./api.ts";
import { print, sayMore, sayWarnings } from "./operate.ts";
import type { AlertOptions, OperatorOptions } from "./operator-options.ts";
import { printable, table } from "./table.ts";
import { heldBackText, keptKeyText, nextWaits } from "./held-back.ts";
import type { Terminal } from "./terminal.ts";

/*
 * Operator commands about alerts. The service searches a bounded number of alerts per request, so one command may send many
 * requests.
 */

interface Explanation {
  readonly fingerprint: string;
  /** Absent: it is a change. */
  readonly status?: string;
  readonly change?: ChangeBody;
  /** The related changes of the hour before the alert. */
  readonly changes?: readonly RelatedChangeBody[];
  readonly reason?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly claims?: readonly {
    readonly source: string;
    readonly sender?: string;
    readonly doubtfulEndAt?: string | null;
  }[];
  readonly targets: readonly ReturnType<typeof explainedBody>[];
  readonly warnings?: readonly string[];
}

type AlertBody = ReturnType<typeof alertBody>;

export async function explainAlert(terminal: Terminal, options: OperatorOptions, fingerprint: string): Promise<void> {
  const answer = await callApi(options, "GET", `explain?fingerprint=${encodeURIComponent(fingerprint)}`);
  print(terminal, options, answer, explanationText(answer as Explanation));
  sayWarnings(terminal, options, (answer as Explanation).warnings);
}

/** Explains what Tocsin would do if the alert in a file, or each alert of a whole message, arrived now. */
export async function explainFile(terminal: Terminal, options: AlertOptions, file: string): Promise<void> {
  const { alerts, isMessage } = readAlerts(file, terminal.cwd);
  const most = Number(options.limit);
  const asked = Number.isInteger(most) && most > 0 ? alerts.slice(0, most) : alerts;
  const answers: Explanation[] = [];
  for (const alert of asked)
    answers.push((await callApi(options, "POST", "explain", JSON.stringify(alert))) as Explanation);
  const answer = isMessage ? { alerts: answers } : answers[0];
  print(terminal, options, answer, answers.map(explanationText).join("\n"));
  sayWarnings(terminal, options, answers.at(-1)?.warnings);
  if (asked.length < alerts.length)
    terminal.err(`${file} has ${alerts.length} alerts, and ${asked.length} are explained. Raise --limit.\n`);
}

export async function explainMatching(terminal: Terminal, options: AlertOptions): Promise<void> {
  const answer = await search<Explanation>(options, "explain");
  const text = answer.alerts.map(explanationText).join("\n");
  print(terminal, options, answer, text || noMatch);
  sayWarnings(terminal, options, answer.warnings);
  sayMore(terminal, options, answer);
}

export async function listAlerts(
  terminal: Terminal,
  options: AlertOptions & { readonly received?: string },
): Promise<void> {
  const answer = await search<AlertBody>(options, "alerts", options.received === undefined ? {} : { received: "none" });
  const rows = answer.alerts.map(({ fingerprint, status, labels, confirmedAt, reason, targets }) => [
    fingerprint,
    status,
    labels["alertname"],
    confirmedAt,
    reason ?? targets.map((one) => `${one.target}: ${one.state}, ${one.reason}${nextWaits(one)}`).join("; "),
  ]);
  print(terminal, options, answer, table(["FINGERPRINT", "STATUS", "NAME", "CONFIRMED", "TARGETS"], rows));
  sayWarnings(terminal, options, answer.warnings);
  sayMore(terminal, options, answer);
}

interface Found<Row> {
  readonly alerts: readonly Row[];
  readonly nextCursor?: string;
  /** The warnings of the last page. */
  readonly warnings?: readonly string[];
}

/** Reads pages until it has enough alerts, or there are no more. */
async function search<Row>(
  options: AlertOptions,
  path: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Found<Row>> {
  const limit = Number(options.limit);
  const alerts: Row[] = [];
  let nextCursor = options.cursor;
  let warnings: Found<Row>["warnings"];
  do {
    const query = new URLSearchParams([
      ...(options.matcher ?? []).map((matcher) => ["matcher", matcher]),
      // The service reports what is wrong with it.
      ["limit", Number.isInteger(limit) ? String(Math.min(limit - alerts.length, 1_000)) : options.limit],
      ...(nextCursor === undefined ? [] : [["cursor", nextCursor]]),
      ...Object.entries(more),
    ]);
    const page = (await callApi(options, "GET", `${path}?${query.toString()}`)) as Found<Row>;
    alerts.push(...page.alerts);
    ({ nextCursor, warnings } = page);
  } while (nextCursor !== undefined && alerts.length < limit);
  return { alerts, ...(nextCursor !== undefined && { nextCursor }), ...(warnings && { warnings }) };
}

const noMatch = "No alert matches\n";

function explanationText({
  fingerprint,
  status,
  change,
  reason,
  labels = change?.labels,
  claims = [],
  targets,
  changes = [],
}: Explanation): string {
  const name = labels?.["alertname"];
  const others = Object.entries(labels ?? {}).filter(([label]) => label !== "alertname");
  const lines = [
    `${fingerprint}${name === undefined ? "" : ` (${name})`} is ${change ? `the change ${JSON.stringify(change.summary)} of ${change.origin}` : status}${reason === undefined ? "" : `: ${reason}, no target can receive it`}`,
    ...(others.length === 0
      ? []
      : [`labels: ${others.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(" ")}`]),
    ...claims.flatMap(({ source, sender, doubtfulEndAt }) =>
      doubtfulEndAt
        ? [
            `source ${source}${sender === undefined ? "" : ` (${sender})`}: its last resolve may be about an earlier firing; the alert ends at ${doubtfulEndAt} unless it fires again (doubtfulEndAt)`,
          ]
        : [],
    ),
    ...targets.flatMap(({ target, history = [], fallback, ...row }) => [
      `${target}: ${standing(row)}`,
      ...(row.heldBack ? [`  ${heldBackText(row.heldBack)}`] : []),
      ...(row.keepsKey ? [`  ${keptKeyText(row.keepsKey, row.incident)}`] : []),
      ...(fallback ? [`  also ${standing(fallback)}`] : []),
      ...(fallback?.heldBack ? [`  ${heldBackText(fallback.heldBack)}`] : []),
      ...history.map((entry) => `  ${entry.at}  ${historyText(entry)}`),
    ]),
    ...(changes.length > 0 ? ["related changes of the hour before:"] : []),
    ...changes.map((one) => `  ${one.timestamp}  ${one.summary} (${one.source}, ${one.origin})`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** An accepted check is spelled out: it means that the key is right, and that the event itself was refused. */
const historyText = ({ what, detail }: { readonly what: string; readonly detail?: string }): string =>
  detail ? `${what}: ${detail}` : what === "check" ? "check: the receiver accepts the key" : what;

const standing = (row: Pick<Explanation["targets"][number], "state" | "reason" | "detail" | "incident">): string =>
  `${row.state}, ${row.reason}${row.detail ? ` (${row.detail})` : ""}${row.incident === undefined ? "" : `, incident ${row.incident}`}`;

const expectedAlert =
  'expected one alert, such as {"labels": {"alertname": "A"}}, or a whole message, such as {"alerts": [{"labels": …}]}';

/** Returns an alert, or the alerts of a webhook message or of a list as Prometheus sends it. */
function readAlerts(file: string, cwd: string): { readonly alerts: readonly unknown[]; readonly isMessage: boolean } {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new OperatorError(`--alert: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    throw new OperatorError(`--alert: ${file} is not JSON; ${expectedAlert}`);
  }
  const message = typeof input === "object" && input !== null && "alerts" in input ? input.alerts : input;
  if (!Array.isArray(message)) return { alerts: [input], isMessage: false };
  if (message.length === 0) throw new OperatorError(`--alert: ${file} has no alert; ${expectedAlert}`);
  return { alerts: message, isMessage: true };
}
