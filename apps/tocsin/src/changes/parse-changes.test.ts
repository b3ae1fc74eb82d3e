import { describe, expect, test } from "vitest";
import { maxChanges, parseChanges } from "./parse-changes.ts";

const nowMs = Date.UTC(2026, 10, 30);
const parse = (body: unknown) =>
  parseChanges(body, {
    origin: "ci",
    nowMs,
    targetNamed: (name) => (name === "pager" ? "tocsin/pager" : undefined),
  });
const pathsOf = (body: unknown) => parse(body).issues.map(({ path }) => path);

describe("a posted change", () => {
  test("needs only a summary", () => {
    const { valid, issues } = parse({ summary: "deployed" });
    expect([valid, issues]).toEqual([
      [
        {
          change: {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
            origin: "ci",
            summary: "deployed",
            source: "ci",
            timestampMs: nowMs,
            labels: {},
            links: [],
          },
        },
      ],
      [],
    ]);
  });

  test("is taken with all its fields, and with details of any kind", () => {
    const whole = {
      id: "build-7",
      summary: "deployed",
      source: "shop",
      timestamp: "2026-11-29T12:00:00+01:00",
      environment: "prod",
      labels: { service: "shop", empty: "" },
      customDetails: { nested: [{ a: 1 }], __proto__: null },
      links: [{ href: "https://ci.example.com/7", text: "Build" }],
      targets: ["pager"],
    };
    const [posted] = parse(whole).valid;
    expect(posted?.targets).toEqual(["tocsin/pager"]);
    expect(posted?.change).toMatchObject({
      id: "build-7",
      timestampMs: Date.UTC(2026, 10, 29, 11),
      environment: "prod",
      links: whole.links,
    });
    expect(posted?.change.labels).toEqual({ service: "shop" });
    expect(posted?.change.customDetails).toBe(whole.customDetails);
    expect(parse({ summary: "s", customDetails: "text" }).valid[0]?.change.customDetails).toBe("text");
    expect(parse({ summary: "s", labels: { app: "cart" } }).valid[0]?.change.source).toBe("cart");
  });

  test.each<[string, object, string]>([
    ["no summary", {}, "summary"],
    ["a blank summary", { summary: " \u200b" }, "summary"],
    ["a summary that is no text", { summary: 7 }, "summary"],
    ["a word in place of a time", { summary: "s", timestamp: "yesterday" }, "timestamp"],
    ["a label that is no text", { summary: "s", labels: { a: 1 } }, "labels.a"],
    ["a link that is no web address", { summary: "s", links: [{ href: "javascript:alert(1)" }] }, "links[0].href"],
    ["an unknown target", { summary: "s", targets: ["pager", "pagr"] }, "targets[1]"],
    ["no target", { summary: "s", targets: [] }, "targets"],
    ["a misspelled key", { summary: "s", custom_details: {} }, "custom_details"],
    ["a blank id", { summary: "s", id: "" }, "id"],
  ])("is refused with %s", (_, body, path) => {
    expect(pathsOf(body)).toEqual([path]);
    expect(pathsOf({ changes: [{ summary: "good" }, body] })).toEqual([`changes[1].${path}`]);
  });

  test("has at most 65,536 characters beside its details", () => {
    const large = "x".repeat(70_000);
    expect(parse({ summary: "s", customDetails: large }).valid).toHaveLength(1);
    expect(pathsOf({ changes: [{ summary: "s", labels: { service: large } }] })).toEqual(["changes[0]"]);
  });

  test("does not suffer from the mistakes of others", () => {
    const { valid, invalid, issues } = parse({ changes: [{ summary: "a" }, 7, { summary: "" }, { summary: "b" }] });
    expect([valid.map(({ change }) => change.summary), invalid]).toEqual([["a", "b"], 2]);
    expect(issues.map(({ path }) => path)).toEqual(["changes[1]", "changes[2].summary"]);
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, ""],
    ["a list", [], ""],
    ["a text", "deployed", ""],
    ["a list that is none", { changes: {} }, "changes"],
    ["a list and more", { changes: [], summary: "s" }, "summary"],
    ["too many", { changes: Array.from({ length: maxChanges + 1 }, () => ({ summary: "s" })) }, "changes"],
  ])("is not %s", (_, body, path) => {
    expect(parse(body)).toMatchObject({ valid: [], invalid: 1, issues: [{ path }] });
  });
});
