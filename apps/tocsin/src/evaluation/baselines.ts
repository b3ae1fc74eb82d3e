import { labelSeverity, type Severity } from "@tocsin/core";
import type { Answered } from "./score-answers.ts";
import type { CorpusLine } from "./read-corpus.ts";

/** The answer of a judge that needs no model. A model that does not score better is useless. */
export interface Baseline {
  readonly name: string;
  readonly answer: (line: CorpusLine) => Severity;
}

/** As targets do by default: `default_severity`. */
const withoutLabel: Severity = "error";

export const baselines: readonly Baseline[] = [
  { name: 'always "warning"', answer: () => "warning" },
  {
    name: `copy the label, else "${withoutLabel}"`,
    answer: ({ alert }) => labelSeverity((name) => alert.labels[name] ?? "") ?? withoutLabel,
  },
];

export const answersOf = ({ answer }: Baseline, lines: readonly CorpusLine[]): Answered[] =>
  lines.map((line) => ({
    name: line.alert.labels["alertname"] ?? line.alert.fingerprint,
    expected: line.expected,
    injection: line.injection,
    severity: answer(line),
  }));
