import { type Alert, formatPath, type Issue, type VerdictSeverity, verdictSeverities } from "@tocsin/core";
import { parseWebhookAlert } from "../ingest/alertmanager.ts";

/** An alert with the severity that a person gave it. */
export interface CorpusLine {
  readonly alert: Alert;
  readonly expected: VerdictSeverity;
  readonly injection: boolean;
}

/** Reads a corpus: one JSON object per line, `{ alert, expected, injection? }`. Empty lines are ignored. */
export function readCorpus(text: string, nowMs: number): { readonly lines: CorpusLine[]; readonly issues: Issue[] } {
  const lines: CorpusLine[] = [];
  const issues: Issue[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const read = readLine(line, nowMs);
    if (Array.isArray(read))
      issues.push(...read.map(({ path, message }) => ({ path: `line ${at + 1}${path}`, message })));
    else lines.push(read);
  }
  return { lines, issues };
}

function readLine(line: string, nowMs: number): CorpusLine | Issue[] {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch {
    return [{ path: "", message: "is not JSON" }];
  }
  if (typeof input !== "object" || input === null || !("alert" in input))
    return [{ path: "", message: 'expected {"alert": {"labels": …}, "expected": "warning"}' }];
  const { expected, injection } = input as { expected?: unknown; injection?: unknown };
  if (!isSeverity(expected)) return [{ path: ".expected", message: `expected one of ${verdictSeverities.join(", ")}` }];
  const alert = readFiringAlert(input.alert, nowMs);
  if (Array.isArray(alert)) return alert.map(({ path, message }) => ({ path: `.alert.${path}`, message }));
  return { alert, expected, injection: injection === true };
}

const isSeverity = (input: unknown): input is VerdictSeverity =>
  (verdictSeverities as readonly unknown[]).includes(input);

/** Reads one alert as Prometheus or Alertmanager sends it. It counts as firing. */
export function readFiringAlert(input: unknown, nowMs: number): Alert | Issue[] {
  const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
  const claim = parseWebhookAlert(isObject ? { ...input, status: "firing" } : input, { source: "command", nowMs });
  return "alert" in claim ? claim.alert : claim.map(({ path, message }) => ({ path: formatPath(path), message }));
}
