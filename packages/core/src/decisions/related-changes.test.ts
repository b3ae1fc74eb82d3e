import { describe, expect, test } from "vitest";
import type { Change } from "../changes/change.ts";
import { relatedChanges } from "./related-changes.ts";

const matchLabels = ["service", "app", "namespace", "environment"];

const change = (id: string, labels: Change["labels"], more: Partial<Change> = {}): { readonly change: Change } => ({
  change: { id, origin: "ci", summary: id, source: "ci", timestampMs: 0, labels, links: [], ...more },
});

const find = (labels: Change["labels"], ...candidates: readonly { readonly change: Change }[]): string[] =>
  relatedChanges(candidates, { labels, matchLabels, limit: 3 }).map(({ change: { id } }) => id);

describe("a change is related to an alert", () => {
  test.each<[string, Change["labels"], Change["labels"], boolean]>([
    ["with the same service", { service: "shop" }, { service: "shop" }, true],
    ["with the same app", { app: "shop" }, { app: "shop" }, true],
    ["with the same app, if only one has a service", { app: "shop", service: "a" }, { app: "shop" }, true],
    ["with the same app and another service", { app: "shop", service: "a" }, { app: "shop", service: "b" }, false],
    ["with another service", { service: "shop" }, { service: "cart" }, false],
    ["with the same namespace alone", { namespace: "eu" }, { namespace: "eu" }, false],
    ["with another namespace", { service: "shop", namespace: "eu" }, { service: "shop", namespace: "us" }, false],
    ["with other labels that need not match", { service: "shop", pod: "a" }, { service: "shop", pod: "b" }, true],
    ["with empty labels alone", { service: "" }, { service: "" }, false],
    ["with a label of every object's prototype", { service: "shop" }, JSON.parse('{"__proto__":"x"}'), false],
  ])("%s: %j and %j", (_, labels, of, isRelated) => {
    expect(find(labels, change("c", of))).toEqual(isRelated ? ["c"] : []);
  });

  test("by its environment as by a label, unless it has that label", () => {
    const prod = { service: "shop", environment: "prod" };
    expect(find(prod, change("c", { service: "shop" }, { environment: "staging" }))).toEqual([]);
    expect(find(prod, change("c", prod, { environment: "Production" }))).toEqual(["c"]);
  });
});

test("the most equal labels come first, then the newest, and no more than the limit", () => {
  const labels = { service: "shop", namespace: "eu" };
  const candidates = [
    change("old", { service: "shop" }, { timestampMs: 1 }),
    change("new", { service: "shop" }, { timestampMs: 2 }),
    change("both", labels),
    change("oldest", { service: "shop" }),
  ];
  expect(find(labels, ...candidates)).toEqual(["both", "new", "old"]);
});
