import { describe, expect, test } from "vitest";
import { Fields, oneLine } from "./fields.ts";

const fields = (value: unknown) => new Fields({ a: { b: value } });

describe("a field", () => {
  test.each([
    ["one", "one"],
    [" a\r\n\tb\u0000\u2028c ", "a b c"],
    ["\ud800x", "\ufffdx"],
    [" ", undefined],
    [7, undefined],
    [{}, undefined],
    ["x".repeat(1_000), `${"x".repeat(499)}…`],
    ["😀".repeat(400), `${"😀".repeat(249)}…`],
  ])("as text: %#", (value, text) => {
    expect(fields(value).text("a.b")).toBe(text);
  });

  test.each([
    [7, "7"],
    [0, "0"],
    [2 ** 53, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    ["a-7", "a-7"],
    ["x".repeat(501), undefined],
    [null, undefined],
  ])("as id: %#", (value, id) => {
    expect(fields(value).id("a.b")).toBe(id);
  });

  test.each([
    ["https://example.com/a b", "https://example.com/a%20b"],
    ["HTTP://example.com", "http://example.com/"],
    ["javascript:alert(1)", undefined],
    ["//example.com", undefined],
    ["https://", undefined],
    [`https://example.com/${"x".repeat(2_000)}`, undefined],
    [7, undefined],
  ])("as URL: %#", (value, url) => {
    expect(fields(value).url("a.b")).toBe(url);
  });

  test.each([
    ["2026-11-30T12:00:00Z", "2026-11-30T12:00:00.000Z"],
    ["2021-04-28 21:50:00 +0200", "2021-04-28T19:50:00.000Z"],
    ["2020-11-02 12:55:12 UTC", "2020-11-02T12:55:12.000Z"],
    [1_557_933_657, "2019-05-15T15:20:57.000Z"],
    ["0001-01-01T00:00:00Z", undefined],
    ["yesterday", undefined],
    ["2026-02-30T12:00:00Z", undefined],
    [-1, undefined],
    [1e300, undefined],
    [Number.NaN, undefined],
    [null, undefined],
  ])("as time: %#", (value, time) => {
    const ms = fields(value).timeMs("a.b");
    expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(time);
  });

  test.each(["__proto__", "constructor", "a.__proto__.x", "a.constructor.name", "toString"])(
    "is missing if it belongs to a prototype: %s",
    (path) => {
      expect(fields("x").at(path)).toBeUndefined();
    },
  );

  test("may have the name of a field of a prototype", () => {
    expect(new Fields(JSON.parse('{ "__proto__": { "constructor": "x" } }')).text("__proto__.constructor")).toBe("x");
  });

  test.each([[null], [undefined], ["text"], [7], [[]]])("is missing in a body that is no object: %j", (body) => {
    expect(new Fields(body).at("a")).toBeUndefined();
  });
});

test("a text that is cut keeps whole characters", () => {
  expect(oneLine("ab😀cd", 4)).toBe("ab…");
});
