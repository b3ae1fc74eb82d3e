import { expect, test } from "vitest";
import { notifications, notSent } from "./notification.ts";

const facts = {
  dedupKey: "k",
  severity: "critical",
  summary: "down",
  sender: "",
  firing: 1,
  alertJson: "{}",
  target: "chat",
  action: "trigger",
  event: notSent(1),
} as const;

test("asks whether a callback takes actions only if the publisher reads it", () => {
  const asked: string[] = [];
  const notify = notifications(
    () => undefined,
    (target) => asked.push(target) > 0,
  );
  const notification = notify(facts);
  expect(asked).toEqual([]);
  expect(notification.actions).toBe(true);
  expect(asked).toEqual(["chat"]);
});

test("carries the classification of the alert, and whether the severity comes from it", () => {
  const notify = notifications(() => undefined);
  const verdict = {
    severity: "warning",
    confidence: 0.9,
    reasoning: "One of five replicas.",
    recommendations: ["Wait."],
    category: "availability",
    model: "small-1",
    provider: "openai",
  } as const;
  expect(notify(facts).classification).toBeUndefined();
  expect(notify({ ...facts, verdict }).classification).toEqual({ ...verdict, applied: false });
  expect(notify({ ...facts, verdict, byVerdict: "raised" }).classification).toEqual({ ...verdict, applied: true });
});
