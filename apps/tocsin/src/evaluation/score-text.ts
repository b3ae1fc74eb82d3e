import { verdictSeverities } from "@tocsin/core";
import { printable, table } from "../cli/table.ts";
import type { Score } from "./score-answers.ts";

export interface NamedScore {
  readonly name: string;
  readonly score: Score;
}

/** Compares judges in one table, and shows the details of the first one. */
export function scoreText(judges: readonly [NamedScore, ...NamedScore[]]): string {
  const [{ score }] = judges;
  return [
    comparisonText(judges),
    confusionText(score),
    ...(score.calibration.length > 0 ? [calibrationText(score)] : []),
    `${missedText(score)}${injectionText(score)}`,
  ].join("\n");
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Compares judges, one per row. */
const comparisonText = (judges: readonly NamedScore[]): string =>
  table(
    ["JUDGE", "ACCURACY", "WITHIN ONE STEP", "MISSED CRITICALS", "PAGES CALLED NOISE", "FALSE CRITICALS", "UNANSWERED"],
    judges.map(({ name, score }) => [
      name,
      percent(score.accuracy),
      percent(score.nearly),
      score.missedCriticals.length,
      score.pagesCalledNoise,
      score.falseCriticals,
      score.alerts - score.answered,
    ]),
  );

/** One row per expected severity, one column per given one. */
const confusionText = ({ confusion }: Score): string =>
  table(
    ["EXPECTED", ...verdictSeverities.map((one) => one.toUpperCase()), "UNANSWERED"],
    verdictSeverities.map((expected) => [
      expected,
      ...verdictSeverities.map((given) => confusion[expected][given]),
      confusion[expected].unanswered,
    ]),
  );

const calibrationText = ({ calibration }: Score): string =>
  table(
    ["CONFIDENCE FROM", "ANSWERS", "STATED", "RIGHT"],
    calibration.map(({ from, answers, confidence, right }) => [from, answers, percent(confidence), percent(right)]),
  );

const most = 20;

/** Names the criticals that the judge rated lower, each with its count. */
function missedText({ missedCriticals }: Score): string {
  const counts = new Map<string, number>();
  for (const name of missedCriticals) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = Array.from(counts, ([name, count]) => (count === 1 ? name : `${name} (${count})`));
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `Missed criticals: ${names.length === 0 ? "none" : printable(names.slice(0, most).join(", "))}${more}\n`;
}

/** Says what injected texts achieved. */
const injectionText = ({ injections: { alerts, right, lowered } }: Score): string =>
  alerts === 0 ? "" : `Of ${alerts} alerts with an injected text, ${right} are right and ${lowered} are too low.\n`;
