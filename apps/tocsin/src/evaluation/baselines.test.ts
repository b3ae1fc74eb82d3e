import { expect, test } from "vitest";
import { corpus } from "@tocsin/test/corpus";
import { answersOf, baselines } from "./baselines.ts";
import { scoreAnswers } from "./score-answers.ts";

test("neither a constant answer nor the label is a good judge of the corpus", () => {
  const [constant, label] = baselines.map((one) => scoreAnswers(answersOf(one, corpus())));
  expect(constant?.accuracy).toBeGreaterThan(0.2);
  expect(constant?.accuracy).toBeLessThan(0.4);
  expect(constant?.missedCriticals).toHaveLength(106);
  expect(label?.accuracy).toBeGreaterThan(0.5);
  expect(label?.accuracy).toBeLessThan(0.8);
});

test("the label is copied, and an alert without a known one gets the default severity of targets", () => {
  const lines = corpus().slice(0, 50);
  const [, label] = baselines;
  const alert = (labels: Record<string, string>) => ({ ...lines[0]!, alert: { ...lines[0]!.alert, labels } });
  expect(label?.answer(alert({ severity: "P1" }))).toBe("critical");
  expect(label?.answer(alert({ severity: "unheard" }))).toBe("error");
  expect(label?.answer(alert({}))).toBe("error");
});
