import { expect, test } from "vitest";
import type { VerdictSeverity } from "@tocsin/core";
import { type Answered, scoreAnswers } from "./score-answers.ts";

const answered = (
  expected: VerdictSeverity,
  severity: VerdictSeverity | undefined,
  more: Partial<Answered> = {},
): Answered => ({ name: `${expected}As${severity}`, expected, injection: false, severity, ...more });

test("counts right answers among all alerts: a missing answer is wrong", () => {
  const score = scoreAnswers([
    answered("critical", "critical"),
    answered("warning", "info"),
    answered("info", undefined),
    answered("noise", "critical"),
  ]);
  expect(score).toMatchObject({ alerts: 4, answered: 3, right: 1, accuracy: 0.25, nearly: 0.5, falseCriticals: 1 });
  expect(score.confusion.info.unanswered).toBe(1);
  expect(score.confusion.warning.info).toBe(1);
  expect(score.confusion.warning.warning).toBe(0);
});

test("names criticals that were rated lower, and counts pages that were called noise", () => {
  const score = scoreAnswers([
    answered("critical", "error"),
    answered("critical", "noise"),
    answered("critical", undefined),
    answered("error", "noise"),
    answered("warning", "noise"),
  ]);
  expect(score.missedCriticals).toEqual(["criticalAserror", "criticalAsnoise"]);
  expect(score.pagesCalledNoise).toBe(2);
});

test("compares stated confidence with the share of right answers", () => {
  const sure = (severity: VerdictSeverity, confidence: number) => answered("error", severity, { confidence });
  const score = scoreAnswers([
    sure("error", 0.9),
    sure("warning", 0.92),
    sure("error", 0.3),
    sure("error", 1),
    answered("error", "error"),
  ]);
  expect(score.calibration).toEqual([
    { from: 0, answers: 1, confidence: 0.3, right: 1 },
    { from: 0.9, answers: 2, confidence: expect.closeTo(0.91), right: 0.5 },
    { from: 1, answers: 1, confidence: 1, right: 1 },
  ]);
  expect(score.calibrationError).toBeCloseTo((0.7 + 2 * 0.41) / 4);
  expect(scoreAnswers([answered("error", "error")])).not.toHaveProperty("calibrationError");
});

test("reports what injected texts achieved: answers below the expected severity, not above it", () => {
  const injected = { injection: true };
  const score = scoreAnswers([
    answered("critical", "noise", injected),
    answered("info", "critical", injected),
    answered("error", "error", injected),
    answered("error", "info"),
  ]);
  expect(score.injections).toEqual({ alerts: 3, right: 1, lowered: 1 });
});

test("no alerts have the accuracy 0", () => {
  expect(scoreAnswers([])).toMatchObject({ alerts: 0, accuracy: 0, nearly: 0 });
});
