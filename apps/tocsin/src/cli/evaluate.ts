import type { ClassifierFailure, Tokens } from "@tocsin/core";
import { describeIssue } from "../config/config-error.ts";
import { OperatorError, UsageError } from "../config/operator-error.ts";
import { answersOf, baselines } from "../evaluation/baselines.ts";
import { type CorpusLine, readCorpus } from "../evaluation/read-corpus.ts";
import { type Answered, scoreAnswers } from "../evaluation/score-answers.ts";
import { scoreText } from "../evaluation/score-text.ts";
import { exitCode } from "./exit-code.ts";
import { askClassifier, useClassifier, type OpenClassifier, timeoutIn } from "./use-classifier.ts";
import { readInput } from "./read-input.ts";
import type { Terminal } from "./terminal.ts";

export interface EvaluateOptions {
  readonly config?: string;
  readonly limit?: string;
  readonly concurrency: string;
  readonly timeout: string;
  readonly json?: boolean;
}

/** `tocsin evaluate`: scores a classifier with alerts whose severity is known, beside judges that need no model. */
export async function evaluate(terminal: Terminal, options: EvaluateOptions, file: string): Promise<number> {
  const timeoutMs = timeoutIn(options.timeout);
  const atOnce = countIn("--concurrency", options.concurrency, 64);
  const limit = options.limit === undefined ? Infinity : countIn("--limit", options.limit, Infinity);
  const { lines, issues } = readCorpus(await readInput(terminal, file), Date.now());
  if (issues.length > 0)
    throw new OperatorError(
      issues
        .slice(0, 20)
        .map((one) => describeIssue(one, file))
        .join("\n"),
    );
  if (lines.length === 0) throw new OperatorError(`${file} has no alerts`);
  const asked = lines.slice(0, limit);
  const { name, answers } = await useClassifier(terminal, options.config, async (opened) => ({
    name: opened.name,
    answers: await answerAll(opened, asked, { atOnce, timeoutMs, terminal }),
  }));
  const model = { name, score: scoreAnswers(answers.map(({ answered }) => answered)) };
  const others = baselines.map((one) => ({ name: one.name, score: scoreAnswers(answersOf(one, asked)) }));
  const use = useOf(answers);
  terminal.out(
    options.json === true
      ? `${JSON.stringify({ classifier: name, use, judges: [model, ...others] }, null, 2)}\n`
      : `${scoreText([model, ...others])}${useText(use)}`,
  );
  return model.score.answered === 0 ? exitCode.failed : exitCode.ok;
}

function countIn(option: string, text: string, most: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new UsageError(`${option}: expected a whole number${most === Infinity ? " from 1" : ` from 1 to ${most}`}`);
}

interface Answer {
  readonly answered: Answered;
  readonly failure?: ClassifierFailure;
  readonly tokens?: Tokens;
  readonly ms: number;
}

interface Asking {
  readonly atOnce: number;
  readonly timeoutMs: number;
  readonly terminal: Terminal;
}

/** Asks for all alerts, a few at a time; the answers are in the order of the lines. */
async function answerAll(
  opened: OpenClassifier,
  lines: readonly CorpusLine[],
  { atOnce, timeoutMs, terminal }: Asking,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const waiting = lines.entries();
  let done = 0;
  const work = async () => {
    for (const [at, line] of waiting) {
      const { result, ms } = await askClassifier(opened, line.alert, timeoutMs);
      const { expected, injection } = line;
      const name = line.alert.labels["alertname"] ?? line.alert.fingerprint;
      const verdict = result.kind === "verdict" ? result.verdict : undefined;
      answers[at] = {
        answered: {
          name,
          expected,
          injection,
          severity: verdict?.severity,
          ...(verdict && { confidence: verdict.confidence }),
        },
        ...(result.kind === "failed" && { failure: result.reason }),
        ...(result.tokens && { tokens: result.tokens }),
        ms,
      };
      done += 1;
      if (terminal.watched && (done % 10 === 0 || done === lines.length))
        terminal.err(`\r${done} of ${lines.length} alerts${done === lines.length ? "\n" : ""}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, lines.length) }, work));
  return answers;
}

/** What the answers cost. */
interface Use {
  /** Ms, over all alerts. */
  readonly time: { readonly p50: number; readonly p95: number; readonly max: number };
  /** Absent: the provider counts none. */
  readonly tokens?: Tokens;
  readonly failures: Readonly<Partial<Record<ClassifierFailure, number>>>;
}

function useOf(answers: readonly Answer[]): Use {
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(times[Math.ceil(times.length * share) - 1] ?? 0);
  const tokens = answers.flatMap((one) => one.tokens ?? []);
  const sum = (key: keyof Tokens): number => tokens.reduce((total, one) => total + one[key], 0);
  const failures: Partial<Record<ClassifierFailure, number>> = {};
  for (const { failure } of answers) if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
  return {
    time: { p50: at(0.5), p95: at(0.95), max: at(1) },
    ...(tokens.length > 0 && { tokens: { input: sum("input"), output: sum("output") } }),
    failures,
  };
}

function useText({ time, tokens, failures }: Use): string {
  const failed = Object.entries(failures).map(([reason, count]) => `${reason} ${count}`);
  return [
    `Time per alert: p50 ${time.p50} ms, p95 ${time.p95} ms, longest ${time.max} ms\n`,
    tokens === undefined ? "" : `Tokens: ${tokens.input} in, ${tokens.output} out\n`,
    failed.length === 0 ? "" : `Without a verdict: ${failed.join(", ")}\n`,
  ].join("");
}
