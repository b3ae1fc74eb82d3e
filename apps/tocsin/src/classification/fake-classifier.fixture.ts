import type { Alert, Classifier, ClassifierResult, Verdict } from "@tocsin/core";

export const verdictOf = (more: Partial<Verdict> = {}): Verdict => ({
  severity: "critical",
  confidence: 0.9,
  reasoning: "the disk fills",
  recommendations: [],
  category: "capacity",
  model: "fake",
  provider: "openai",
  ...more,
});

/** A classifier that makes no request: the test says what it answers. */
export class FakeClassifier implements Classifier {
  readonly provider = "openai" as const;
  readonly model = "fake";
  readonly asked: Alert[] = [];
  /** Called for each call. */
  answers: (alert: Alert, signal: AbortSignal) => Promise<ClassifierResult> | ClassifierResult;
  closed = false;

  constructor(answers: FakeClassifier["answers"] = () => ({ kind: "verdict", verdict: verdictOf() })) {
    this.answers = answers;
  }

  promptHash({ annotations }: Alert): string {
    return JSON.stringify(annotations);
  }

  async classify(alert: Alert, signal: AbortSignal): Promise<ClassifierResult> {
    this.asked.push(alert);
    return await this.answers(alert, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

/** Never answers, and ends when it is told to. */
export const hanging = (_alert: Alert, signal: AbortSignal): Promise<ClassifierResult> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "failed", reason: "timeout", detail: "aborted" }));
  });
