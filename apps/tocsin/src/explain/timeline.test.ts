import type { HistoryEntry, Incident, IncidentView, StoredChange } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { timelineBody, timelineOf } from "./timeline.ts";

const s = 1_000;

const viewOf = (incident: Partial<Incident>, view: Partial<IncidentView> = {}): IncidentView => ({
  incident: {
    target: "pager",
    acceptedAtMs: 0,
    dueSinceMs: null,
    wanted: { status: "firing", severity: "critical", summary: "Disk full", acknowledged: false, atMs: 0 },
    ...incident,
  } as Incident,
  state: "told",
  reason: "delivered",
  labels: {},
  sources: ["am"],
  confirmedAtMs: 0,
  ...view,
});

const line = (atMs: number, what: string, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  incident: 1,
  atMs,
  what,
  ...more,
});

/** One line per entry: instant in seconds, words, and the most important detail. */
function told(view: IncidentView, history: HistoryEntry[], changes: StoredChange[] = []): string[] {
  return timelineOf({ view, history, changes, nowMs: 600 * s }).map((entry) => {
    const at = `${entry.atMs / s}`;
    switch (entry.what) {
      case "received":
        return `${at} received from ${entry.sources.join(", ")}`;
      case "routed":
        return `${at} routed to ${entry.target}`;
      case "waited":
        return `${at} ${entry.reason} for ${entry.durationMs / s}${entry.untilMs === undefined ? " and waits" : ""}`;
      case "attempt":
        return `${at} ${entry.action} ${entry.outcome}${entry.status === undefined ? "" : ` ${entry.status}`}`;
      case "acknowledged":
      case "resolved":
        return `${at} ${entry.what} by ${entry.by}`;
      case "receiver":
        return `${at} receiver: ${entry.status}`;
      case "change":
        return `${at} change ${entry.summary}`;
      case "ended":
        return `${at} ended`;
      case "note":
        return `${at} note ${entry.text}`;
    }
  });
}

describe("the timeline of an incident", () => {
  test("has waits between attempts, with the reason that the outcome before gives", () => {
    const history = [
      line(10 * s, "trigger server", { status: 503, durationMs: 2 * s, detail: "HTTP 503" }),
      line(15 * s, "trigger rate_limited", { status: 429, durationMs: 100 }),
      line(45 * s, "trigger", { status: 202, durationMs: 0 }),
    ];
    expect(told(viewOf({}), history)).toEqual([
      "0 received from am",
      "0 routed to pager",
      "0 waiting_turn for 8",
      "10 trigger server 503",
      "10 waiting_retry for 4.9",
      "15 trigger rate_limited 429",
      "15 waiting_pause for 30",
      "45 trigger accepted 202",
    ]);
  });

  test("ends with the wait that lasts, and its present reason", () => {
    const view = viewOf({ dueSinceMs: 0 }, { state: "due", reason: "waiting_breaker" });
    expect(told(view, [line(10 * s, "trigger network")]).slice(-2)).toEqual([
      "10 trigger network",
      "10 waiting_breaker for 590 and waits",
    ]);
    expect(told(view, []).at(-1)).toBe("0 waiting_breaker for 600 and waits");
  });

  test("names people, the receiver's reports, changes and the end", () => {
    const wanted = { status: "resolved", severity: "critical", summary: "Disk full", acknowledged: true, atMs: 90 * s };
    const receiver = { incident: "Q1", confirmedAtMs: 3 * s, status: { is: "acknowledged", atMs: 50 * s } };
    const view = viewOf({ wanted, receiver } as Partial<Incident>, { state: "closed" });
    const change = { change: { timestampMs: -60 * s, id: "c", origin: "ci", summary: "Deploy 7" } } as StoredChange;
    const history = [
      line(1 * s, "trigger"),
      line(40 * s, "acknowledged by ann"),
      line(45 * s, "acknowledge"),
      line(70 * s, "not_shown"),
      line(95 * s, "resolve"),
    ];
    expect(told(view, history, [change])).toEqual([
      "-60 change Deploy 7",
      "0 received from am",
      "0 routed to pager",
      "0 waiting_turn for 1",
      "1 trigger accepted",
      "3 receiver: confirmed",
      "40 acknowledged by ann",
      "40 waiting_turn for 5",
      "45 acknowledge accepted",
      "50 receiver: acknowledged",
      "70 note not_shown",
      "90 ended",
      "90 waiting_turn for 5",
      "95 resolve accepted",
    ]);
  });

  test("says that a shadow sent nothing, and shows instants as ISO 8601", () => {
    const entries = timelineOf({
      view: viewOf({}),
      history: [line(9 * s, "shadow trigger"), line(10 * s, "trigger server", { durationMs: 4, detail: "HTTP 503" })],
      changes: [],
      nowMs: 10 * s,
    });
    expect(entries.map(timelineBody).slice(-2)).toEqual([
      { at: "1970-01-01T00:00:09.000Z", what: "attempt", action: "trigger", outcome: "accepted", shadow: true },
      {
        at: "1970-01-01T00:00:10.000Z",
        what: "attempt",
        action: "trigger",
        outcome: "server",
        startedAt: "1970-01-01T00:00:09.996Z",
        durationMs: 4,
        answer: "HTTP 503",
      },
    ]);
  });
});
