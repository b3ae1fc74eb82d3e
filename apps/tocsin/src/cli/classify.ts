import { type Alert, formatDuration, type Verdict } from "@tocsin/core";
import { OperatorError } from "../config/operator-error.ts";
import { readFiringAlert } from "../evaluation/read-corpus.ts";
import { exitCode } from "./exit-code.ts";
import { askClassifier, type Asked, useClassifier, type OpenClassifier, timeoutIn } from "./use-classifier.ts";
import { readInput } from "./read-input.ts";
import { printable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface ClassifyOptions {
  readonly config?: string;
  readonly showPrompt?: boolean;
  readonly timeout: string;
  readonly json?: boolean;
}

/** `tocsin classify`: asks the configured classifier about one alert. Nothing is recorded, and no page is sent. */
export async function classify(terminal: Terminal, options: ClassifyOptions, file = "-"): Promise<number> {
  const timeoutMs = timeoutIn(options.timeout);
  const alert = alertIn(await readInput(terminal, file), file);
  return useClassifier(terminal, options.config, async (opened) => {
    const prompt = options.showPrompt === true ? (opened.classifier.promptOf?.(alert) ?? "") : undefined;
    const asked = await askClassifier(opened, alert, timeoutMs);
    const { result, ms } = asked;
    terminal.out(
      options.json === true
        ? `${JSON.stringify({ classifier: opened.name, ms: Math.round(ms), ...result, ...(prompt !== undefined && { prompt }) }, null, 2)}\n`
        : `${prompt === undefined ? "" : promptText(prompt)}${resultText(opened, asked)}`,
    );
    return result.kind === "verdict" ? exitCode.ok : exitCode.failed;
  });
}

/** Reads an alert, the only alert of a message, or the alert of a line of a corpus. */
function alertIn(text: string, file: string): Alert {
  const name = file === "-" ? "the standard input" : file;
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    throw new OperatorError(`${name} is not JSON; ${expected}`);
  }
  if (typeof input === "object" && input !== null) {
    if ("alert" in input) input = input.alert;
    else if ("alerts" in input) input = input.alerts;
  }
  if (Array.isArray(input)) {
    if (input.length !== 1) throw new OperatorError(`${name} has ${input.length} alerts; ${expected}`);
    input = input[0] as unknown;
  }
  const alert = readFiringAlert(input, Date.now());
  if (!Array.isArray(alert)) return alert;
  throw new OperatorError(alert.map(({ path, message }) => `${name}: ${path ? `${path}: ` : ""}${message}`).join("\n"));
}

const expected = 'expected one alert, such as {"labels": {"alertname": "A"}}';

const promptText = (prompt: string): string =>
  prompt === ""
    ? "Nothing is sent: this classifier asks no model.\n\n"
    : `This is sent:\n\n${prompt.split("\n").map(printable).join("\n")}\n\n`;

function resultText({ name, settings }: OpenClassifier, { result, ms }: Asked): string {
  const { tokens } = result;
  const lines =
    result.kind === "failed"
      ? [`${name} gave no verdict: ${result.reason}, ${result.detail}`]
      : verdictLines(name, result.verdict);
  const late =
    settings.provider === "llm" && ms > settings.budgetMs
      ? `, longer than the budget of ${formatDuration(settings.budgetMs)}: a page would be sent without this verdict`
      : "";
  return [
    ...lines,
    `time: ${Math.round(ms)} ms${late}`,
    ...(tokens ? [`tokens: ${tokens.input} in, ${tokens.output} out`] : []),
  ]
    .map((line) => `${printable(line)}\n`)
    .join("");
}

const verdictLines = (
  name: string,
  { severity, confidence, category, reasoning, recommendations }: Verdict,
): string[] => [
  `${name}: ${severity} (${Math.round(confidence * 100)} %), ${category}`,
  `reasoning: ${reasoning}`,
  ...recommendations.map((one) => `recommendation: ${one}`),
];
