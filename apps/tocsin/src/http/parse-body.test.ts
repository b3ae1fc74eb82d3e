import { describe, expect, test } from "vitest";
import { LargeJson } from "../ingest/large-json.ts";
import { jsonLimits, jsonSize } from "./json-limits.ts";
import { parseBody } from "./parse-body.ts";
import type { Problem } from "./problem.ts";

const { containers, values, depth } = jsonLimits;
const list = (member: string, count: number) => `[${`${member},`.repeat(count - 1)}${member}]`;
const excessOf = (text: string) => jsonSize(Buffer.from(text)).excess;

describe("the size of a JSON text", () => {
  test.each([
    ["[]", 2],
    ["5", 1],
    ["[1,2,3]", 4],
    ['{"a":1,"b":{"c":2}}', 4],
    ['["],[,{\\"],[,","\\\\"]', 3],
  ])("%s is at least the number of its values", (text, count) => {
    expect(jsonSize(Buffer.from(text)).values).toBe(count);
  });

  test.each([
    ["lists and objects", list("{}", containers - 1), undefined],
    ["lists and objects", list("{}", containers), `more than ${containers} lists and objects`],
    ["values", list("1", values - 1), undefined],
    ["values", list("1", values), `more than ${values} values`],
    ["depth", "[".repeat(depth) + "]".repeat(depth), undefined],
    ["depth", "[".repeat(depth + 1) + "]".repeat(depth + 1), `lists and objects nested more than ${depth} deep`],
    ["depth of objects", '{"a":'.repeat(depth + 1), `lists and objects nested more than ${depth} deep`],
    ["brackets in a string", `"${"[".repeat(containers + 1)}"`, undefined],
    ["brackets in a string with quotes", `"\\"${"[".repeat(depth + 1)}\\\\"`, undefined],
  ])("is bounded: %s (%#)", (_name, text, excess) => {
    expect(excessOf(text)).toBe(excess);
  });
});

/** Parses a body that was posted to a path, or returns the status and code of the refusal. */
function parse(
  text: string,
  { url = "/x", ...config }: { url?: string; takesLargeJson?: boolean; maxValues?: number } = {},
): unknown {
  const request = { url, routeOptions: { config } } as unknown as Parameters<typeof parseBody>[1];
  try {
    return parseBody(Buffer.from(text), request);
  } catch (error) {
    return [(error as Problem).status, (error as Problem).code];
  }
}

describe("a body", () => {
  test("is parsed as JSON, also with a name that fastify would refuse", () => {
    expect(Object.keys(parse('{"__proto__":1,"constructor":2}') as object)).toEqual(["__proto__", "constructor"]);
    expect(parse("")).toBeUndefined();
    expect(parse("null")).toBeNull();
  });

  test("with many values stays unparsed for endpoints that accept that, and is refused by all others", () => {
    const large = list("1", 10_001);
    expect(parse(large, { takesLargeJson: true })).toBeInstanceOf(LargeJson);
    expect(parse(large)).toEqual([413, "body_too_complex"]);
    expect(parse(list("1", 9_000))).toHaveLength(9_000);
    expect(parse(large, { maxValues: 10_002 })).toHaveLength(10_001);
    expect(parse(large, { maxValues: 10_001 })).toEqual([413, "body_too_complex"]);
  });

  test("beyond the limits is refused by all endpoints", () => {
    for (const text of [list("{}", containers), list("1", values), "[".repeat(depth + 1)])
      expect(parse(text, { takesLargeJson: true })).toEqual([413, "body_too_complex"]);
  });

  test("may be followed by other text in endpoints of Alertmanager's API, which ignores it, and in no others", () => {
    for (const text of ['[{"a":1}] x', '[{"a":1}][]', '\n[{"a":1}]"']) {
      expect(parse(text, { url: "/api/v2/alerts/?x=1" })).toEqual([{ a: 1 }]);
      expect(parse(text, { url: "/api/v1/webhook/alertmanager" })).toEqual([400, "invalid_request"]);
    }
    expect(parse("[1,", { url: "/api/v2/alerts" })).toEqual([400, "invalid_request"]);
  });
});
