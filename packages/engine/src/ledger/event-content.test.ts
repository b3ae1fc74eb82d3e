import type { EpisodeVerdict, Incident, Member } from "@tocsin/core/decisions";
import { expect, test } from "vitest";
import { eventContent } from "./event-content.ts";
import type { AlertRecord } from "./store.ts";

const verdict: EpisodeVerdict = {
  severity: "warning",
  confidence: 0.9,
  reasoning: "",
  recommendations: [],
  category: "",
  model: "m",
  provider: "openai",
};
const leading: Member = {
  fingerprint: "a",
  status: "firing",
  severity: "warning",
  startsAtMs: 1,
  summary: "a",
  byVerdict: "filled",
};
const record = { content: "{}", claims: {}, classification: { atMs: 1, verdict } } as unknown as AlertRecord;
const contentOf = (severity: "warning" | "critical", members: readonly Member[] = [leading]) => {
  const wanted = { status: "firing", severity, summary: "a" };
  const incident = { id: 7, target: "t", dedupKey: "a", members, wanted } as unknown as Incident;
  return eventContent({ alert: () => record }, incident);
};

test("says what the verdict of the leading alert changed", () => {
  expect(contentOf("warning")).toMatchObject({ verdict, byVerdict: "filled" });
});

test("does not say that the severity of a group comes from the verdict of a less severe member", () => {
  const other: Member = { fingerprint: "b", status: "firing", severity: "critical", startsAtMs: 2, summary: "b" };
  const content = contentOf("critical", [leading, other]);
  expect(content.verdict).toBe(verdict);
  expect(content).not.toHaveProperty("byVerdict");
});
