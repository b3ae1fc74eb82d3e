import { epochMs as t0 } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import type { ClaimState } from "../alerts/claim.ts";
import type { ReadAlert } from "../alerts/reading.ts";
import { type Absence, type AlertStateThere, judgeReading } from "./judge-reading.ts";

const minute = 60_000;
const api = "this-api";
const nowMs = t0 + 60 * minute;
const terms = { api, nowMs, confirmEveryMs: 5 * minute };

const claimOf = (claim: Partial<ClaimState> = {}): ClaimState => ({
  source: "am",
  status: "firing",
  startsAtMs: t0,
  effectiveStartsAtMs: t0,
  heardAtMs: t0,
  ...claim,
});

type Facts = Partial<ClaimState> & { readonly shown?: ReadAlert["shown"] };

const alertOf = ({ shown, ...claim }: Facts = {}): ReadAlert => ({
  fingerprint: "a",
  claim: claimOf(claim),
  ...(shown && { shown }),
});

const lately = { api, atMs: nowMs - minute } as const;

interface Given {
  readonly there?: AlertStateThere;
  readonly countedMs?: number;
  readonly before?: Absence;
}

const judged = (alert: ReadAlert, { there, countedMs = minute, before }: Given) =>
  judgeReading(
    { shown: new Map(there ? [["a", there]] : []), countedMs },
    [alert],
    new Map(before ? [["a", before]] : []),
    terms,
  );

const findingOf = (alert: ReadAlert, given: Given): string | undefined => judged(alert, given).findings[0]?.says;

describe("an alert that the API shows", () => {
  test.each<[string, Facts, AlertStateThere, string | undefined]>([
    ["active for the first time", {}, "active", "active"],
    ["active, and another API showed it before", { shown: { api: "other", atMs: nowMs } }, "active", "active"],
    ["active in the API, and the last finding was recorded a minute ago", { shown: lately }, "active", undefined],
    ["active, recorded five minutes ago", { shown: { api, atMs: nowMs - 5 * minute } }, "active", "active"],
    ["active, suppressed before", { shown: { ...lately, suppressed: true } }, "active", "active"],
    ["active, with a pending doubtful end", { shown: lately, doubtfulEndAtMs: nowMs + 1 }, "active", "active"],
    ["active, ended by a reading", { status: "resolved", ended: "read", shown: lately }, "active", "active"],
    ["active, ended by a resolve", { status: "resolved", ended: "explicit" }, "active", undefined],
    ["active, ended by a doubtful resolve", { status: "resolved", ended: "doubtful" }, "active", undefined],
    ["active, held after a resolve", { status: "resolved", heldUntilMs: nowMs + 1 }, "active", undefined],
    ["suppressed for the first time", {}, "suppressed", "suppressed"],
    ["suppressed, active before", { shown: lately }, "suppressed", "suppressed"],
    ["suppressed, recorded a minute ago", { shown: { ...lately, suppressed: true } }, "suppressed", undefined],
    [
      "suppressed, recorded five minutes ago",
      { shown: { api, atMs: nowMs - 5 * minute, suppressed: true } },
      "suppressed",
      "suppressed",
    ],
    [
      "suppressed, with a pending doubtful end",
      { shown: { ...lately, suppressed: true }, doubtfulEndAtMs: nowMs + 1 },
      "suppressed",
      undefined,
    ],
    ["suppressed, ended by a reading", { status: "resolved", ended: "read" }, "suppressed", undefined],
    ["unprocessed", {}, "unprocessed", undefined],
    ["unprocessed, ended by a reading", { status: "resolved", ended: "read" }, "unprocessed", undefined],
  ])("%s: %j", (_says, facts, there, finding) => {
    expect(findingOf(alertOf(facts), { there })).toBe(finding);
  });

  test.each<AlertStateThere>(["active", "suppressed", "unprocessed"])("%s is not absent", (there) => {
    const before = { lastReportedAtMs: lately.atMs, forMs: 19 * minute };
    expect(judged(alertOf({ shown: lately }), { there, before }).absences).toEqual(new Map());
  });
});

describe("an alert that the API does not show", () => {
  const lastReportedAtMs = lately.atMs;

  test.each<[string, Facts, Given, number | undefined]>([
    ["has a count that starts at the first poll without it", { shown: lately }, {}, 0],
    ["counts on", { shown: lately }, { before: { lastReportedAtMs, forMs: minute } }, 2 * minute],
    [
      "has a count that does not grow while no time counts",
      { shown: lately },
      { countedMs: 0, before: { lastReportedAtMs, forMs: minute } },
      minute,
    ],
    [
      "has a count that starts over after a claim of the webhook",
      { shown: lately, heardAtMs: nowMs - 1 },
      { before: { lastReportedAtMs, forMs: 19 * minute } },
      0,
    ],
    [
      "has a count that starts over after another replica saw it",
      { shown: { ...lately, atMs: nowMs - 1 } },
      { before: { lastReportedAtMs, forMs: 19 * minute } },
      0,
    ],
    ["is counted if it was suppressed", { shown: { ...lately, suppressed: true } }, {}, 0],
    ["is never counted if no API has shown it", {}, {}, undefined],
    ["is never counted if only another API has shown it", { shown: { api: "other", atMs: t0 } }, {}, undefined],
    ["is not counted once it is resolved", { shown: lately, status: "resolved", ended: "explicit" }, {}, undefined],
  ])("%s", (_says, facts, given, forMs) => {
    expect(judged(alertOf(facts), given).absences.get("a")?.forMs).toBe(forMs);
  });

  test("ends after 20 minutes, and not a millisecond earlier", () => {
    const absentFor = (forMs: number) =>
      judged(alertOf({ shown: lately }), { before: { lastReportedAtMs, forMs } }).findings;
    expect(absentFor(19 * minute - 1)).toEqual([]);
    expect(absentFor(19 * minute)).toEqual([{ says: "gone", fingerprint: "a", lastReportedAtMs }]);
  });

  test("is judged independently of other alerts", () => {
    const others = [
      { ...alertOf({ shown: lately }), fingerprint: "b" },
      { ...alertOf(), fingerprint: "c" },
    ];
    const before = new Map([["a", { lastReportedAtMs, forMs: 19 * minute }]]);
    const poll = { shown: new Map([["c", "active" as const]]), countedMs: minute };
    const { findings } = judgeReading(poll, [alertOf({ shown: lately }), ...others], before, terms);
    expect(findings.map(({ says, fingerprint }) => `${says} ${fingerprint}`)).toEqual(["gone a", "active c"]);
  });
});
