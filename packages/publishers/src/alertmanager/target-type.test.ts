import { parseTarget, type ParseTargetOptions } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { alertmanagerTargetOf } from "../../test/alertmanager.ts";
import { alertmanagerTargetType } from "./target-type.ts";

const base = "https://alertmanager.example.com";
const parse = (input: object, more: Partial<ParseTargetOptions> = {}) =>
  parseTarget(
    { name: "upstream", type: "alertmanager", url: base, ...input },
    { types: [alertmanagerTargetType], readSecret: String, ...more },
  );

describe("an Alertmanager target", () => {
  test.each([
    [base, base],
    [`${base}/`, base],
    [`${base}/api/v2/alerts`, base],
    [`${base}/api/v2/alerts/`, base],
    [`${base}/api/v2`, base],
    [`${base}/api/`, base],
    [`${base}/team/am/api/v2/alerts`, `${base}/team/am`],
    [`${base}/myapi/v2`, `${base}/myapi/v2`],
    ["http://127.0.0.1:9093", "http://127.0.0.1:9093"],
  ])("at %s is at %s", (url, at) => {
    expect(alertmanagerTargetOf({ url }).url).toBe(at);
  });

  test("has no limit, takes no change events and adopts no resolves", () => {
    expect(alertmanagerTargetOf()).toMatchObject({
      credential: null,
      rateLimit: { limit: 0 },
      takesChanges: false,
      adoptUnknownResolves: false,
    });
  });

  test("sends a bearer token that is stored beside it", () => {
    const parsed = parse({}, { siblingEntries: { token: "t0ken\n" } });
    expect("target" in parsed && parsed.target.headers["Authorization"]!.reveal()).toBe("Bearer t0ken");
  });

  test("describes how groups are sent", () => {
    expect(parse({ group_by: ["alertname"] })).toMatchObject({ warnings: [{ path: "group_by" }] });
  });

  test.each<[string, object, string]>([
    ["no URL", { url: undefined }, "url"],
    ["a query", { url: `${base}?token=x` }, "url"],
    ["plain http", { url: "http://alertmanager.example.com" }, "url"],
    ["a metadata service", { url: "https://169.254.169.254" }, "url"],
    ["related changes", { include_changes: "1h" }, "include_changes"],
    ["a signing secret", { signing_secret: "whsec_x" }, "signing_secret"],
  ])("with %s is invalid", (_, input, path) => {
    const parsed = parse(input);
    expect("issues" in parsed && parsed.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
