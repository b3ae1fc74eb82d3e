import { expect, test } from "vitest";
import { fitTimestamp } from "./fit-timestamp.ts";

test.each([
  "2015-07-17T08:42:58Z",
  "2015-07-17T08:42:58.315Z",
  "2015-07-17T08:42:58.123456789-07:00",
  "2016-02-28T23:59:59+14:00",
  "1999-12-01T00:00:00-23:59",
])("%s stays", (timestamp) => {
  expect(fitTimestamp(timestamp)).toBe(timestamp);
});

test.each([
  // PagerDuty's own examples.
  ["2015-07-17T08:42:58.315+0000", "2015-07-17T08:42:58.315Z"],
  ["2015-07-17T08:42:58,315Z", "2015-07-17T08:42:58.315Z"],
  ["2015-07-17 08:42:58+02:00", "2015-07-17T06:42:58.000Z"],
  ["2015-07-17T08:42Z", "2015-07-17T08:42:00.000Z"],
  ["2015-07-17t08:42:58z", "2015-07-17T08:42:58.000Z"],
  ["2015-07-17T24:00:00Z", "2015-07-18T00:00:00.000Z"],
  // The last days of a month are parsed, since not every month has them.
  ["2016-02-29T23:59:59+14:00", "2016-02-29T09:59:59.000Z"],
  ["2015-12-31T23:59:59.5Z", "2015-12-31T23:59:59.500Z"],
  ["2015-02-30T00:00:00Z", "2015-03-02T00:00:00.000Z"],
])("%s is rewritten to %s", (timestamp, fitted) => {
  expect(fitTimestamp(timestamp)).toBe(fitted);
});

test.each([
  ["", "nothing"],
  ["yesterday", "words"],
  ["1437122578", "seconds"],
  ["2015-07-17", "a day"],
  ["2015-07-17T08:42:58", "a time without a zone"],
  ["2015-13-01T00:00:00Z", "a thirteenth month"],
  ["2015-00-01T00:00:00Z", "a month before the first"],
  ["2015-01-00T00:00:00Z", "a day before the first"],
  ["2015-02-32T00:00:00Z", "a 32nd"],
  ["2015-07-17T08:42:60Z", "a leap second"],
  ["2015-07-17T08:42:58+99:99", "a zone that there is not"],
  ["9999-12-31T23:59:59-1000", "a year of five digits"],
  ["x2015-07-17T08:42:58Z", "something before"],
  ["2015-07-17T08:42:58Z\n", "something after"],
])("%j, %s, is left out, and PagerDuty uses its own time", (timestamp) => {
  expect(fitTimestamp(timestamp)).toBeUndefined();
});

test("a missing timestamp stays missing", () => {
  expect(fitTimestamp(undefined)).toBeUndefined();
});
