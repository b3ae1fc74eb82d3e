import type { Tokens } from "@tocsin/core";
import type { ClassificationOutcome } from "../classification/scorecard.ts";
import { Counter, Histogram, type Registry } from "./series.ts";

/** Buckets, s: a call ends after `classification.budget`, which is at most 10 s. */
const callSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10];

/** The metrics of classification. They have no series until alerts are classified. */
export class ClassificationMetrics {
  readonly #outcomes: Counter<"provider" | "outcome">;
  readonly #seconds: Histogram<"provider">;
  readonly #tokens: Counter<"provider">;

  constructor(registers: readonly Registry[]) {
    this.#outcomes = new Counter({
      name: "tocsin_classifications_total",
      help: "Episodes of alerts that were classified, by the origin of the verdict (call, cache, shape, rules, fallback), or why there is none.",
      labelNames: ["provider", "outcome"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "tocsin_classification_seconds",
      help: "Duration of the calls of a classifier, in seconds.",
      labelNames: ["provider"],
      buckets: callSeconds,
      registers,
    });
    this.#tokens = new Counter({
      name: "tocsin_classification_tokens_total",
      help: "Tokens that the calls of a classifier used, as its provider counts them.",
      labelNames: ["provider"],
      registers,
    });
  }

  classified(provider: string, outcome: ClassificationOutcome): void {
    this.#outcomes.inc({ provider, outcome });
  }

  called(provider: string, durationMs: number, { input, output }: Tokens = { input: 0, output: 0 }): void {
    this.#seconds.observe({ provider }, durationMs / 1_000);
    this.#tokens.inc({ provider }, input + output);
  }
}
