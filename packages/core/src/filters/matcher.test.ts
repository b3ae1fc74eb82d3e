import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidMatcher, parseMatchers } from "./matcher.ts";
import { InvalidPattern } from "./pattern.ts";

const read = (text: string) => parseMatchers(text).map(({ label, operator, value }) => [label, operator, value]);

function refusal(text: string): string {
  try {
    parseMatchers(text);
    return "none";
  } catch (error) {
    return (error as Error).name;
  }
}

const quote = (text: string) => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;

describe("matchers", () => {
  test.each([
    ['severity="critical"', [["severity", "=", "critical"]]],
    ["severity=critical", [["severity", "=", "critical"]]],
    [' severity  =~ "critical|error" ', [["severity", "=~", "critical|error"]]],
    ["service=~api|web", [["service", "=~", "api|web"]]],
    [
      '{foo="bar", baz!~"q.x",}',
      [
        ["foo", "=", "bar"],
        ["baz", "!~", "q.x"],
      ],
    ],
    [
      "a=1,b!=2",
      [
        ["a", "=", "1"],
        ["b", "!=", "2"],
      ],
    ],
    ['"label with blank"="x"', [["label with blank", "=", "x"]]],
    ['"a,b"="{c}"', [["a,b", "=", "{c}"]]],
    ["größe=ja", [["größe", "=", "ja"]]],
    ['x=""', [["x", "=", ""]]],
    ['x="a\\nb\\"c\\\\d\\t\\u00e9\\x41\\101\\U0001F600"', [["x", "=", 'a\nb"c\\d\téAA😀']]],
    ["foo.bar-baz/qux=x", [["foo.bar-baz/qux", "=", "x"]]],
    // Only the classic syntax accepts these.
    ['path=~"/v\\d+"', [["path", "=~", "/v\\d+"]]],
    ["path=~/v\\d+", [["path", "=~", "/v\\d+"]]],
    ["team=site reliability", [["team", "=", "site reliability"]]],
    ["{foo=bar", [["foo", "=", "bar"]]],
    ["foo=", [["foo", "=", ""]]],
    ["a={b}c", [["a", "=", "{b}c"]]],
  ])("%s", (text, matchers) => {
    expect(read(text)).toEqual(matchers);
  });

  test.each([
    "",
    "{}",
    " , ",
    "foo",
    "=x",
    '"foo',
    'foo="bar',
    'foo="bar"baz',
    '"ünquoted" "x"',
    'ü="a\\qb"',
    "a=b,,c=d",
    "5x=~y z",
  ])("%j is refused", (text) => {
    expect(() => parseMatchers(text)).toThrow(InvalidMatcher);
  });

  test("with a pattern that RE2 does not support are refused", () => {
    expect(() => parseMatchers('foo=~"(?=x)"')).toThrow(InvalidPattern);
  });

  test.each([
    ['x="a"', "a", true],
    ['x="a"', "", false],
    ['x!="a"', "", true],
    ['x=""', "", true],
    ['x=~".*"', "", true],
    ['x=~".+"', "", false],
    ['x!~"a|b"', "", true],
    ['x=~"foo"', "foobar", false],
    ['x=~"foo.*"', "foo\nbar", true],
    ['x!~"foo"', "foo", false],
  ])("%s matches %j: %j", (text, value, verdict) => {
    expect(parseMatchers(text)[0]!.matches(value)).toBe(verdict);
  });

  test("parse any quoted name and value to the original texts", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 8 }).filter((s) => s.isWellFormed());
    fc.assert(
      fc.property(text, text, (name, value) => {
        expect(read(`{${quote(name)}=${quote(value)}}`)).toEqual([[name, "=", value]]);
      }),
    );
  });

  test("only throw their own errors", () => {
    const piece = fc.constantFrom("a", "=", "~", "!", '"', "{", "}", ",", "\\", " ", "(", "x", "é", "\n");
    fc.assert(
      fc.property(fc.string({ unit: piece, maxLength: 12 }), (text) => {
        expect(refusal(text)).toMatch(/^(none|InvalidMatcher|InvalidPattern)$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
