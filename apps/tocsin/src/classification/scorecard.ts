import { type Decision, type EpisodeVerdict, severityOfVerdict, Subject, type Alert, type Tokens } from "@tocsin/core";
import type { EndedCall } from "./shape-calls.ts";

/** Where the verdict of an episode came from, or why there is none. */
export const classificationOutcomes = [
  "call",
  "cache",
  "shape",
  "rules",
  "fallback",
  "not_awaited",
  "shadow",
  "late",
  "failed",
  "breaker_open",
  "budget_used",
] as const;
export type ClassificationOutcome = (typeof classificationOutcomes)[number];

/** Returns where a verdict came from. */
export function originOf(verdict: EpisodeVerdict): ClassificationOutcome {
  if (verdict.fallback) return "fallback";
  if (verdict.provider === "rules") return "rules";
  if (verdict.ofShape) return "shape";
  return verdict.cached ? "cache" : "call";
}

type Effect = "raised" | "lowered" | "suppressed" | "filled" | "none";

/** The strongest effect first: an alert counts once, however many targets it has. */
const effects: readonly Effect[] = ["suppressed", "lowered", "raised", "filled", "none"];

/** The verdicts of one model, or of the rules. */
interface ModelScore {
  verdicts: number;
  /** Verdicts about alerts whose label states a severity, and those of them that state the same one. */
  labelled: number;
  agreed: number;
  readonly effects: Record<Effect, number>;
  calls: number;
  failedCalls: number;
  callMs: number;
  slowestCallMs: number;
  inputTokens: number;
  outputTokens: number;
}

/** Models of one process. A name that comes later is counted under `other`. */
const maxModels = 20;

/** Counts what classification does, since this process started. */
export class Scorecard {
  readonly #models = new Map<string, ModelScore>();
  readonly #outcomes = new Map<ClassificationOutcome, number>();

  /** One episode has its verdict, or will have none. */
  counted(outcome: ClassificationOutcome): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
  }

  /** A verdict about an alert. `decisions`: of all targets with it; in shadow mode, those that it would have led to. */
  judged(alert: Alert, verdict: EpisodeVerdict, decisions: readonly Decision[]): void {
    const score = this.#of(verdict);
    score.verdicts++;
    const label = new Subject(alert).severity;
    if (label !== undefined) {
      score.labelled++;
      if (label === severityOfVerdict(verdict)) score.agreed++;
    }
    const found = new Set(decisions.map(({ weighed }) => weighed?.effect));
    score.effects[effects.find((effect) => found.has(effect)) ?? "none"]++;
  }

  called(classifier: { readonly provider: string; readonly model: string }, { result, durationMs }: EndedCall): void {
    const score = this.#of(classifier);
    score.calls++;
    if (result.kind === "failed") score.failedCalls++;
    score.callMs += durationMs;
    score.slowestCallMs = Math.max(score.slowestCallMs, durationMs);
    const { input, output }: Tokens = result.tokens ?? { input: 0, output: 0 };
    score.inputTokens += input;
    score.outputTokens += output;
  }

  get outcomes(): Record<ClassificationOutcome, number> {
    const counts = classificationOutcomes.map((outcome) => [outcome, this.#outcomes.get(outcome) ?? 0] as const);
    return Object.fromEntries(counts) as Record<ClassificationOutcome, number>;
  }

  get models() {
    return Array.from(this.#models, ([key, score]) => {
      const [provider = "", model = ""] = JSON.parse(key) as string[];
      const { callMs, ...counts } = score;
      return {
        provider,
        model,
        ...counts,
        agreement: shareOf(score.agreed, score.labelled),
        meanCallMs: score.calls === 0 ? null : Math.round(callMs / score.calls),
        slowestCallMs: Math.round(score.slowestCallMs),
      };
    });
  }

  #of({ provider, model }: { readonly provider: string; readonly model: string }): ModelScore {
    const own = JSON.stringify([provider, model]);
    const key = this.#models.has(own) || this.#models.size < maxModels ? own : JSON.stringify([provider, "other"]);
    let score = this.#models.get(key);
    if (score === undefined) {
      score = {
        verdicts: 0,
        labelled: 0,
        agreed: 0,
        effects: { raised: 0, lowered: 0, suppressed: 0, filled: 0, none: 0 },
        calls: 0,
        failedCalls: 0,
        callMs: 0,
        slowestCallMs: 0,
        inputTokens: 0,
        outputTokens: 0,
      };
      this.#models.set(key, score);
    }
    return score;
  }
}

const shareOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
