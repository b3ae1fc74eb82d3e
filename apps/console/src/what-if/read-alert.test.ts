import { expect, test } from "vitest";
import { readAlert } from "./read-alert.ts";

test("accepts an alert, or a webhook with one", () => {
  expect(readAlert('{"labels":{"a":"b"}}')).toEqual({ alert: { labels: { a: "b" } } });
  expect(readAlert('{"alerts":[{"labels":{}}]}')).toEqual({ alert: { labels: {} } });
});

test("says what is wrong", () => {
  expect(readAlert("{")).toEqual({ problem: expect.stringContaining("This is not JSON") as string });
  expect(readAlert('{"alerts":[]}')).toEqual({ problem: "This webhook has 0 alerts. Paste one of them." });
  expect(readAlert('{"alertname":"DiskFull","severity":"critical"}')).toEqual({
    problem: expect.stringContaining('Put the labels below "labels"') as string,
  });
  expect(readAlert("{}")).toEqual({ alert: {} });
  expect(readAlert("null")).toEqual({ alert: null });
});
