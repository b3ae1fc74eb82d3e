import { readFileSync } from "node:fs";
import { type Alert, alertFingerprint, type VerdictSeverity } from "@tocsin/core";

export interface CorpusAlert {
  /** As Prometheus posts it. */
  readonly posted: {
    readonly labels: Alert["labels"];
    readonly annotations: Alert["annotations"];
    readonly startsAt: string;
    readonly generatorURL?: string;
  };
  readonly alert: Alert;
  readonly expected: VerdictSeverity;
  /** A text in it tries to give orders to a language model. */
  readonly injection: boolean;
}

/** The alerts of `test/corpus/alerts.jsonl`. */
export const corpus = (): CorpusAlert[] =>
  readFileSync(new URL("../corpus/alerts.jsonl", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { alert: posted, expected, injection = false } = JSON.parse(line) as Line;
      const { startsAt, ...rest } = posted;
      const alert = { fingerprint: alertFingerprint(posted.labels), ...rest, startsAtMs: Date.parse(startsAt) };
      return { posted, alert, expected, injection };
    });

interface Line {
  readonly alert: CorpusAlert["posted"];
  readonly expected: VerdictSeverity;
  readonly injection?: boolean;
}
