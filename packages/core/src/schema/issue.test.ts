import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkInput, formatPath } from "./issue.ts";
import { secretInput } from "./secret-input.ts";

/** Each issue as `path: message`. */
function issuesOf(schema: z.ZodType, input: unknown): string[] {
  const checked = checkInput(schema, input);
  return "data" in checked ? [] : checked.issues.map(({ path, message }) => `${path}: ${message}`);
}

describe("an issue", () => {
  test.each([
    [["targets", 2, "timeout"], "", "targets[2].timeout"],
    [["headers", "a b"], "", 'headers["a b"]'],
    [["x-y"], "targets[0]", "targets[0].x-y"],
    [[0, "a"], "", "[0].a"],
    [[], "", ""],
  ])("at %j after %j is at %s", (keys, start, path) => {
    expect(formatPath(keys, start)).toBe(path);
  });

  test("reports each unknown key, bad key and bad value at its path", () => {
    const schema = z.strictObject({
      a: z.number(),
      b: z.record(z.string().regex(/^x/, "must start with x"), z.string()),
    });
    const checked = checkInput(schema, { a: "1", b: { y: "" }, c: 1, d: 2 });
    expect("issues" in checked && [checked.issues, [...checked.keys]]).toEqual([
      [
        { path: "a", message: 'expected a number; found "1"' },
        { path: "b.y", message: "must start with x" },
        { path: "c", message: 'unknown key; did you mean "a"?' },
        { path: "d", message: 'unknown key; did you mean "a"?' },
      ],
      ["a", "b", "c", "d"],
    ]);
  });
});

const long = "x".repeat(60);

/** Every kind of issue that the schema library can report. A kind without a row fails the test behind this table. */
const table: readonly [code: z.core.$ZodIssue["code"], schema: z.ZodType, input: unknown, message: string][] = [
  ["invalid_type", z.string(), undefined, "required; expected a text"],
  ["invalid_type", z.string(), 9877, "expected a text; found 9877. Write it in quotes"],
  ["invalid_type", z.string(), true, "expected a text; found true. Write it in quotes"],
  ["invalid_type", z.string(), null, "expected a text; found nothing"],
  ["invalid_type", z.number(), "20MiB", 'expected a number; found "20MiB"'],
  ["invalid_type", z.number(), Number.NaN, "expected a number; found NaN"],
  ["invalid_type", z.int(), 1.5, "expected a whole number; found 1.5"],
  ["invalid_type", z.boolean(), "yes", 'expected true or false; found "yes"'],
  ["invalid_type", z.array(z.string()), "./targets", 'expected a list; found "./targets"'],
  ["invalid_type", z.array(z.string()), { a: 1 }, "expected a list; found an object"],
  ["invalid_type", z.strictObject({ a: z.string() }), 5, "expected an object; found 5"],
  ["invalid_type", z.strictObject({ a: z.string() }), ["a"], "expected an object; found a list of 1"],
  ["invalid_type", z.record(z.string(), z.string()), [], "expected an object; found an empty list"],
  ["invalid_type", z.never(), "x", 'expected nothing here; found "x"'],
  ["invalid_type", z.string(), 5n, "expected a text; found 5"],
  [
    "invalid_value",
    z.enum(["fatal", "error", "warn"]),
    "eror",
    'expected "fatal", "error" or "warn"; found "eror". Did you mean "error"?',
  ],
  ["invalid_value", z.enum(["a", "b"]), "quite another", 'expected "a" or "b"; found "quite another"'],
  ["invalid_value", z.enum(["a", "b"]), undefined, 'expected "a" or "b"'],
  ["invalid_value", z.enum(["a", "b"]), long, 'expected "a" or "b"; found a text'],
  ["invalid_value", z.literal("none"), "noen", 'expected "none"; found "noen". Did you mean "none"?'],
  ["invalid_value", z.literal([1, null]), 2, "expected 1 or null; found 2"],
  ["too_small", z.string().min(1), "", "must not be empty"],
  ["too_small", z.string().min(3), "ab", 'must have at least 3 characters; found "ab"'],
  ["too_small", z.string().length(3), "ab", 'must have exactly 3 characters; found "ab"'],
  ["too_small", z.number().min(1), 0, "must be at least 1; found 0"],
  ["too_small", z.number().gt(1), 1, "must be more than 1; found 1"],
  ["too_small", z.array(z.string()).min(1), [], "must have at least 1 item; found an empty list"],
  ["too_small", z.set(z.string()).min(1), new Set(), "must have at least 1 item; found an object"],
  ["too_small", z.date().min(new Date(0)), new Date(-1), "must be at least 1970-01-01T00:00:00.000Z; found an object"],
  ["too_big", z.string().max(3), "abcd", 'must have at most 3 characters; found "abcd"'],
  ["too_big", z.number().max(1_000_000), 2_000_000, "must be at most 1000000; found 2000000"],
  ["too_big", z.number().lt(1), 1, "must be less than 1; found 1"],
  ["too_big", z.bigint().max(1n), 2n, "must be at most 1; found 2"],
  ["too_big", z.array(z.number()).max(1), [1, 2], "must have at most 1 item; found a list of 2"],
  ["not_multiple_of", z.number().multipleOf(5), 7, "must be a multiple of 5; found 7"],
  ["invalid_format", z.url(), "nowhere", 'expected a URL such as "https://tocsin.example.com"; found "nowhere"'],
  ["invalid_format", z.email(), "me", 'expected an e-mail address such as "oncall@example.com"; found "me"'],
  ["invalid_format", z.string().regex(/^a/), "b", 'must match /^a/; found "b"'],
  ["invalid_format", z.uuid(), "b", expect.stringMatching(/^must match .*; found "b"$/)],
  ["invalid_format", z.string().startsWith("a"), "b", 'must begin with "a"; found "b"'],
  ["invalid_format", z.string().endsWith("a"), "b", 'must end with "a"; found "b"'],
  ["invalid_format", z.string().includes("a"), "b", 'must contain "a"; found "b"'],
  ["invalid_format", z.base64(), "*", expect.stringMatching(/; found "\*"$/)],
  ["invalid_union", z.union([z.string(), z.array(z.string())]), 5, "expected a text or a list; found 5"],
  ["invalid_union", z.union([z.string(), z.array(z.string())]), [5], "0: expected a text"],
  [
    "invalid_union",
    z.discriminatedUnion("type", [z.object({ type: z.literal("a") })]),
    { type: "b" },
    'expected another value; found "b"',
  ],
  ["invalid_union", z.json(), Symbol("x"), expect.stringMatching(/^expected a text, a number, true or false/)],
  [
    "unrecognized_keys",
    z.strictObject({ listen: z.string().optional() }),
    { listne: 1 },
    'unknown key; did you mean "listen"?',
  ],
  [
    "unrecognized_keys",
    z.strictObject({ url: z.string().optional(), tls: z.never().optional() }),
    { path: 1 },
    'unknown key; expected "url"',
  ],
  ["unrecognized_keys", z.strictObject({}), { a: 1 }, "unknown key"],
  ["invalid_key", z.record(z.string().max(2), z.string()), { abc: "" }, "must have at most 2 characters"],
  ["invalid_key", z.map(z.string(), z.string()), new Map([[{}, ""]]), "expected a text"],
  ["invalid_element", z.map(z.string(), z.string()), new Map([[{}, 5]]), expect.stringMatching(/expected a text/)],
  ["custom", z.string().refine(() => false), "x", "is not valid"],
  ["custom", z.string().refine(() => false, "must be better"), "x", 'must be better; found "x"'],
];

describe("messages for each kind of issue", () => {
  test.each(table)("%s of %#", (code, schema, input, message) => {
    const { error } = schema.safeParse(input);
    expect(error?.issues.map((issue) => issue.code)).toContain(code);
    const checked = checkInput(schema, input);
    expect("issues" in checked && checked.issues.map((issue) => issue.message)).toContainEqual(message);
  });

  test("are never those of the schema library", () => {
    const texts = table.flatMap(([, schema, input]) => issuesOf(schema, input));
    expect(texts.filter((text) => /Invalid|Too (big|small)|Unrecognized|received/.test(text))).toEqual([]);
  });

  test("exist for every kind", () => {
    const codes: Record<z.core.$ZodIssue["code"], true> = {
      invalid_type: true,
      invalid_value: true,
      too_small: true,
      too_big: true,
      not_multiple_of: true,
      invalid_format: true,
      invalid_union: true,
      invalid_key: true,
      invalid_element: true,
      unrecognized_keys: true,
      custom: true,
    };
    expect(new Set(table.map(([code]) => code))).toEqual(new Set(Object.keys(codes)));
  });
});

describe("the value found", () => {
  const token = "hunter2";
  const schema = z.strictObject({
    tokens: z.array(z.strictObject({ name: z.string(), token: secretInput.describe("The token.") })).optional(),
    headers: z.record(z.string(), secretInput).optional(),
    targets: z.array(z.unknown()).optional(),
    webhook_url: z.string().max(2).optional(),
    listen: z.string().max(2).optional(),
    level: z.enum(["a"]).optional(),
  });

  test.each([
    [{ tokens: token }],
    [{ tokens: [token] }],
    [{ tokens: [{ name: "a", token: { value: token } }] }],
    [{ tokens: [{ name: "a", token: [token] }] }],
    [{ headers: token }],
    [{ headers: { authorization: [token] } }],
    [{ targets: token }],
    [{ webhook_url: token }],
    [{ listen: `http://me:${token}@host` }],
    [{ level: `${token}-${"a1".repeat(10)}` }],
    [token],
  ])("is not shown where it may be a secret: %j", (input) => {
    const issues = issuesOf(schema, input);
    expect(issues).toHaveLength(1);
    expect(issues.join()).not.toContain(token);
  });

  test("is not shown if it is long or contains control characters", () => {
    expect(issuesOf(schema, { listen: "word ".repeat(20) })).toEqual(["listen: must have at most 2 characters"]);
    expect(issuesOf(schema, { listen: "a\u001B[2J" })).toEqual(["listen: must have at most 2 characters"]);
  });
});
