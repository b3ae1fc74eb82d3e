import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson, parseYaml } from "./parsed-text.ts";

const key = "R0UT1NGKEY0123456789abcdefABCDEF";
const said = (parsed: ReturnType<typeof parseJson>) => ("issues" in parsed ? parsed.issues[0]?.message : parsed);

describe("JSON", () => {
  test.each([
    ['{"a": [1, {"b": "x:y\\"{"}]}', { value: { a: [1, { b: 'x:y"{' }] } }],
    ['\uFEFF{"a": 1}\n', { value: { a: 1 } }],
    ["", "is empty"],
    [" \n", "is empty"],
    ['{"a": 1', "is not valid JSON (line 1, column 8)"],
    [`{"routing_key":\n ${key}}`, "is not valid JSON (line 2, column 2)"],
    [`{"routing_key": "${key}" "b": 1}`, "is not valid JSON (line 1, column 52)"],
    [`{"a": "${key}",}`, "is not valid JSON (line 1, column 42)"],
    ["[1,}", "is not valid JSON"],
    ['{"a": 1,\n"b": {"a": 1}, "\\u0061" : 2}', "has a key twice (line 2, column 16)"],
    ['[{"a": 1}, {"a": 1}]', { value: [{ a: 1 }, { a: 1 }] }],
  ])("%j is parsed, or refused with the position of the mistake", (text, expected) => {
    expect(said(parseJson(text))).toEqual(expected);
  });

  test("is parsed as by JSON.parse, and no message reveals its content", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string(), (text, at, put) => {
        // Generated objects never have a key twice.
        expect(parseJson(text)).toEqual({ value: JSON.parse(text) as unknown });
        const torn = `{"k":"${key}","v":${text.slice(0, at % text.length)}${put}`;
        const parsed = parseJson(torn);
        expect("issues" in parsed ? parsed.issues[0]?.message : "").not.toContain(key.slice(0, 6));
      }),
    );
  });
});

describe("YAML", () => {
  test.each([
    ["a: [1, {b: x}]", { value: { a: [1, { b: "x" }] } }],
    ["enabled: no", { value: { enabled: "no" } }],
    ["", "is empty"],
    [`a: ${key}\na: 2`, "is not valid YAML: duplicate key (line 2, column 1)"],
    [`a: !!binary2 ${key}`, "is not valid YAML: tag resolve failed (line 1, column 4)"],
    [`a: "${key}`, "is not valid YAML: missing char (line 1, column 37)"],
    ["a: 1\n---\nb: 2", "is not valid YAML: multiple docs (line 2, column 1)"],
    ["a: &a [1]\nb: [*a, *a]", { value: { a: [1], b: [[1], [1]] } }],
    [
      `a: &a [1]\nb: &b [${"*a,".repeat(60)}]\nc: &c [${"*b,".repeat(60)}]\nd: [${"*c,".repeat(60)}]`,
      "has too many aliases",
    ],
  ])("%j is parsed, or refused with the position of the mistake", (text, expected) => {
    expect(said(parseYaml(text))).toEqual(expected);
  });
});
