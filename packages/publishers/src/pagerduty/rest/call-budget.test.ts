import { expect, test } from "vitest";
import { CallBudget } from "./call-budget.ts";

test("admits its number of calls in any minute", () => {
  const budget = new CallBudget(2);
  expect([budget.take(0), budget.take(10_000)]).toEqual([0, 0]);
  expect(budget.take(20_000)).toBe(40_000);
  expect(budget.take(59_999)).toBe(1);
  expect(budget.take(60_000)).toBe(0);
  expect(budget.take(60_001)).toBe(9_999);
});

test("admits none until the wait of a refusal has passed, by default a minute", () => {
  const budget = new CallBudget(100);
  expect(budget.close(0, 5_000)).toBe(5_000);
  expect([budget.take(4_999), budget.take(5_000)]).toEqual([1, 0]);
  expect(budget.close(10_000, undefined)).toBe(60_000);
  expect([budget.take(69_999), budget.take(70_000)]).toEqual([1, 0]);
});

test("believes no refusal for longer than ten minutes", () => {
  const budget = new CallBudget(100);
  expect(budget.close(0, 86_400_000)).toBe(600_000);
  expect(budget.take(600_000)).toBe(0);
});

test("does not stay closed when the clock is set back", () => {
  const budget = new CallBudget(1);
  expect(budget.take(9_000_000)).toBe(0);
  expect(budget.take(0)).toBe(0);
});
