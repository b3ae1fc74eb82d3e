import type { Route } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { epochMs as t0, firing, resolved, type Saying, wanted } from "../../kit/claims.ts";
import { forgetfulTraits, targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, second, LedgerHarness } from "./ledger-harness.ts";

/** Seconds since the start of the test. */
interface Word {
  readonly at: number;
  readonly fires: boolean;
  readonly s: number;
  readonly e?: number;
  readonly sender?: string;
}

const firedAt = (at: number, s: number): Word => ({ at, fires: true, s });
const endedAt = (at: number, s: number, e: number): Word => ({ at, fires: false, s, e });
const direct = (word: Word, e = word.e ?? word.at + 240): Word => ({ ...word, e, sender: "10.0.0.1" });

const claimOf = ({ fires, s, e, sender }: Word) => {
  const saying: Saying = {
    startsAtMs: t0 + s * second,
    ...(e === undefined ? {} : { endsAtMs: t0 + e * second }),
    ...(sender === undefined ? {} : { sender }),
  };
  return fires ? firing("a", saying) : resolved("a", saying);
};

/** Plays a history and returns what the target was sent, each with the second at which it was sent. */
async function play(harness: LedgerHarness, words: readonly Word[], untilSecond: number): Promise<string[]> {
  const sent: string[] = [];
  const pass = async (toSecond: number) => {
    for (;;) {
      const nowMs = harness.clock.now();
      const { leases, nextAtMs } = await harness.ledger.leaseDue({
        owner: "worker",
        max: 10,
        concurrency: 100,
        leaseMarginMs: 1_000,
        ahead: { targets: [], factor: 1 },
      });
      for (const lease of leases) {
        sent.push(`${(nowMs - t0) / second} ${lease.action}`);
        await harness.settle(lease);
      }
      if (leases.length > 0 || nextAtMs === nowMs) continue;
      const nextMs = Math.min(nextAtMs ?? Number.POSITIVE_INFINITY, t0 + toSecond * second);
      if (nextMs <= nowMs) return;
      await harness.clock.advance(nextMs - nowMs);
    }
  };
  for (const word of words) {
    await pass(word.at);
    await harness.says(claimOf(word));
  }
  await pass(untilSecond);
  return sent;
}

const settings = { expiryGrace: 0, remind: 0 };

/** A change event, as routing makes it: its key names the alert and its start. */
const change = (claim: ReturnType<typeof firing>) => {
  const { routes } = wanted(claim);
  const dedupKey = `${claim.alert.fingerprint}@${claim.alert.startsAtMs}`;
  return { claim, routes: routes.map((route): Route => ({ ...route, dedupKey, kind: "change" })) };
};

const changeOf = (word: Word) => change(claimOf(word));

/** A direct sender of the alert. */
const from = (n: number, how: Saying = {}) => ({
  sender: `10.0.0.${n}`,
  startsAtMs: t0,
  endsAtMs: t0 + hour,
  ...how,
});

const webhook = (n: number): Saying => ({ source: `am-${n}`, startsAtMs: t0 });

const pager = (enabled: boolean) => [targetTerms("pagerduty", { enabled })];

const over = { endsAtMs: t0 + 1 };
const alertOf = (harness: LedgerHarness) => harness.ledger.alert("a");
const sendersOf = async (harness: LedgerHarness) => (await alertOf(harness))?.claims.map(({ sender }) => sender) ?? [];

/** How the words of senders make episodes, although no `startsAt` identifies one. */
export function claims(subject: LedgerSubject): void {
  describe("episodes of an alert", () => {
    test.each<[what: string, words: readonly Word[], expected: readonly string[]]>([
      [
        "a resolve with an earlier start ends the alert",
        [firedAt(0, 0), endedAt(60, -1, 60)],
        ["0 trigger", "60 resolve"],
      ],
      [
        "a peer of a cluster lags: its late firing ends by itself",
        [firedAt(0, 0), endedAt(60, 0, 58), firedAt(75, 0), endedAt(120, 0, 58)],
        ["0 trigger", "60 resolve", "85 trigger", "1920 resolve"],
      ],
      [
        "an older replica's repeated resolve, which comes last, ends the newer episode",
        [firedAt(10, 10), endedAt(190, 10, 190), firedAt(399, 399), endedAt(420, 10, 190), endedAt(720, 10, 190)],
        ["10 trigger", "190 resolve", "399 trigger", "2220 resolve"],
      ],
      [
        "an HA pair behind one address: one replica fires on while the other repeats its resolve",
        [
          direct(firedAt(0, 0)),
          direct(firedAt(0.2, 0)),
          direct(endedAt(60, 0, 60)),
          ...Array.from({ length: 15 }, (_, n) => [
            direct(firedAt(60.2 + n * 60, 0)),
            direct(endedAt(120 + n * 60, 0, 60)),
          ]).flat(),
          direct(endedAt(1_020.2, 0, 1_020)),
        ],
        ["0 trigger", "60 resolve", "70.2 trigger", "1020.2 resolve"],
      ],
      [
        "a sender one day ahead",
        [
          direct(firedAt(0, 86_400), 86_640),
          direct(firedAt(60, 86_400), 86_700),
          ...[100, 160, 220].map((at) => direct(firedAt(at, 86_400), 86_500)),
        ],
        ["0 trigger", "100 resolve"],
      ],
      [
        "a sender two minutes behind with a shorter alert",
        [firedAt(0, 0), endedAt(60, -120, -60)],
        ["0 trigger", "1860 resolve"],
      ],
      ["a lost end pages again", [firedAt(0, 0), firedAt(3_600, 3_500)], ["0 trigger", "3600 trigger"]],
    ])("%s", async (_what, words, expected) => {
      await using harness = await LedgerHarness.open(subject, { settings });
      expect(await play(harness, words, 9_000)).toEqual(expected);
    });

    test("a hold that ended while no process ran is applied before a resolve of another source", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.says(claimOf(firedAt(0, 0)));
      await harness.says(claimOf(direct(firedAt(0, 0))));
      await harness.tell();
      await harness.says(claimOf(direct(endedAt(0, 0, 0))));
      await harness.says(claimOf(direct(firedAt(0, 0))));
      await harness.clock.advance(11 * second);
      await harness.says(claimOf(endedAt(11, 0, 5)));
      expect((await alertOf(harness))?.status).toBe("firing");
      expect(await harness.tell()).toEqual([]);
    });

    test("doubtfulEnd is a setting", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { ...settings, doubtfulEnd: 5 * second } });
      const words = [firedAt(0, 0), endedAt(60, -120, -60)];
      expect(await play(harness, words, 9_000)).toEqual(["0 trigger", "65 resolve"]);
    });

    test("a resolve that changes nothing now, and something later, is accepted; its repeat is a duplicate", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.says(claimOf(firedAt(0, 0)));
      expect(await harness.says(claimOf(endedAt(0, -120, -60)))).toMatchObject({ effect: "accepted" });
      expect(await harness.says(claimOf(endedAt(0, -120, -60)))).toMatchObject({ effect: "duplicate" });
    });
  });

  describe("a lost resolve", () => {
    const again = { startsAtMs: t0 + 1_700 * second };

    test("pages again after an acknowledgement: the incident is resolved first, because a trigger alone would page no one", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { startsAtMs: t0 });
      await harness.tell();
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      expect(await harness.tell()).toEqual(["acknowledge a"]);
      await harness.clock.advance(hour / 2);
      await harness.fires("a", again);
      expect(await harness.tell()).toEqual(["resolve a", "trigger a"]);
      expect((await harness.newest()).wanted.acknowledged).toBe(false);
      await harness.fires("a", again);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("triggers again if the incident is not acknowledged, or if the target takes no acknowledgements", async () => {
      const targets = [targetTerms("one"), targetTerms("two", { traits: forgetfulTraits })];
      await using harness = await LedgerHarness.open(subject, { targets, settings });
      await harness.fires("a", { startsAtMs: t0, at: ["one"] });
      await harness.fires("b", { startsAtMs: t0, at: ["two"] });
      await harness.tell();
      const two = (await harness.views()).find(({ incident }) => incident.target === "two");
      await harness.ledger.acknowledge(two?.incident.id ?? 0, "ann");
      expect(await harness.tell()).toEqual([]);
      await harness.clock.advance(hour / 2);
      await harness.fires("a", { ...again, at: ["one"] });
      await harness.fires("b", { ...again, at: ["two"] });
      expect((await harness.tell()).toSorted()).toEqual(["trigger a", "trigger b"]);
      expect((await harness.views()).map(({ incident }) => incident.wanted.acknowledged)).toEqual([false, false]);
    });

    test("is remembered while an acknowledgement is being sent", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { startsAtMs: t0 });
      await harness.tell();
      await harness.clock.advance(hour / 2);
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      const acknowledge = await harness.claimOne();
      await harness.fires("a", again);
      await harness.settle(acknowledge);
      expect(await harness.tell()).toEqual(["resolve a", "trigger a"]);
    });

    test("is not sent to a target that was disabled meanwhile, until it is enabled again", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { startsAtMs: t0 });
      await harness.tell();
      await harness.clock.advance(hour / 2);
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      const acknowledge = await harness.claimOne();
      await harness.fires("a", again);
      await harness.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      await harness.settle(acknowledge);
      expect(await harness.tell()).toEqual([]);
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      await harness.fires("a", again);
      expect(await harness.tell()).toEqual(["resolve a", "trigger a"]);
    });

    test("does not change an incident that other alerts of its group keep open", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { startsAtMs: t0, dedupKey: "group" });
      await harness.fires("b", { startsAtMs: t0, dedupKey: "group" });
      await harness.tell();
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      await harness.tell();
      await harness.clock.advance(hour / 2);
      await harness.fires("a", { ...again, dedupKey: "group" });
      expect(await harness.tell()).toEqual([]);
      expect((await harness.newest()).wanted.acknowledged).toBe(true);
    });

    test("opens an incident that a person had resolved", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { startsAtMs: t0 });
      await harness.tell();
      await harness.ledger.resolve((await harness.newest()).id, "ann");
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.clock.advance(hour / 2);
      await harness.fires("a", again);
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });

  describe("a change event", () => {
    test("is sent once per episode, whatever starts its repeats name", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.ledger.record([changeOf(firedAt(0, 0))]);
      expect((await harness.tell()).length).toBe(1);
      for (const start of [-60, 15, 0]) await harness.ledger.record([changeOf(firedAt(0, start))]);
      expect(await harness.tell()).toEqual([]);
      await harness.clock.advance(minute);
      await harness.ledger.record([changeOf(endedAt(60, -60, 50)), changeOf(firedAt(60, 20))]);
      expect(await harness.after(minute), "the firing was held").toEqual([]);
      await harness.ledger.record([changeOf(endedAt(120, 20, 110)), changeOf(firedAt(120, 115))]);
      expect((await harness.tell()).length).toBe(1);
    });

    test("is sent to a target that was disabled when it began, once a repeat comes", async () => {
      await using harness = await LedgerHarness.open(subject, { settings, targets: pager(false) });
      await harness.ledger.record([changeOf(firedAt(0, 0))]);
      await harness.ledger.useTargets(pager(true));
      expect(await harness.tell()).toEqual([]);
      await harness.ledger.record([changeOf(firedAt(0, -60))]);
      expect((await harness.tell()).length).toBe(1);
      await harness.ledger.record([changeOf(firedAt(0, -90))]);
      expect(await harness.tell()).toEqual([]);
    });

    test("is sent again if the resolve between two episodes was lost, and not if an end by silence is withdrawn", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.ledger.record([changeOf(firedAt(0, 0))]);
      await harness.tell();
      await harness.clock.advance(hour);
      await harness.ledger.record([changeOf(firedAt(3_600, 3_500))]);
      expect((await harness.tell()).length).toBe(1);
      await harness.ledger.record([changeOf(endedAt(3_700, -9, -9))]);
      await harness.clock.advance(hour);
      await harness.ledger.record([changeOf(firedAt(7_300, 3_400))]);
      expect(await harness.tell()).toEqual([]);
    });
  });

  describe("more senders of one alert than claims that it may have", () => {
    test("share one claim: no firing is lost, and the alert ends with the last sender", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      for (let n = 1; n <= 40; n++) await harness.fires("a", from(n));
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect((await sendersOf(harness)).length).toBe(32);
      for (let n = 1; n <= 31; n++) await harness.ends("a", from(n, over));
      expect(await harness.tell()).toEqual([]);
      for (let n = 32; n <= 40; n++) await harness.ends("a", from(n, over));
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("each sender that shares a claim counts again within a repeat interval and the hold after another one resolved", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      for (let n = 1; n <= 33; n++) await harness.fires("a", from(n));
      for (let n = 1; n <= 32; n++) await harness.ends("a", from(n, over));
      await harness.tell();
      await harness.clock.advance(minute);
      await harness.fires("a", from(33));
      expect(await harness.after(10 * second)).toEqual(["trigger a"]);
    });

    test("replace the claims that are resolved and were silent for the longest time", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      for (let n = 1; n <= 31; n++) {
        await harness.fires("a", from(n));
        await harness.ends("a", from(n, over));
        await harness.clock.advance(1);
      }
      await harness.fires("a", from(1, { startsAtMs: t0 + 2 }));
      for (let n = 32; n <= 61; n++) await harness.fires("a", from(n, { startsAtMs: t0 + 2 }));
      const newest = Array.from({ length: 30 }, (_, n) => `10.0.0.${n + 32}`);
      expect(new Set(await sendersOf(harness))).toEqual(new Set(["10.0.0.1", ...newest]));
      expect((await alertOf(harness))?.status).toBe("firing");
    });

    test("keep a claim each while they fire if they are webhooks, which repeat rarely", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      for (let n = 1; n <= 40; n++) await harness.fires("a", webhook(n));
      for (let n = 1; n <= 39; n++) await harness.ends("a", { ...webhook(n), ...over });
      expect((await alertOf(harness))?.status).toBe("firing");
      await harness.ends("a", { ...webhook(40), ...over });
      expect((await alertOf(harness))?.status).toBe("resolved");
      for (let n = 41; n <= 60; n++) await harness.fires("a", { ...webhook(n), startsAtMs: t0 + 2 });
      expect((await sendersOf(harness)).length).toBeLessThanOrEqual(40);
    });
  });

  test.each(["__proto__", "constructor", "toString"])("a source may be called %s", async (source) => {
    await using harness = await LedgerHarness.open(subject, { settings });
    await harness.fires("a", { source, startsAtMs: t0 });
    expect(await harness.tell()).toEqual(["trigger a"]);
    await harness.says(resolved("a", { source, startsAtMs: t0, endsAtMs: t0 + 1 }));
    expect(await harness.tell()).toEqual(["resolve a"]);
    expect((await harness.ledger.alert("a"))?.claims.length).toBe(1);
  });

  test("two senders at one address with different origins are two claims", async () => {
    await using harness = await LedgerHarness.open(subject, { settings });
    const one = { sender: "10.0.0.1", origin: "http://one:9090", startsAtMs: t0, endsAtMs: t0 + hour };
    await harness.fires("a", one);
    await harness.fires("a", { ...one, origin: "http://two:9090" });
    await harness.ends("a", { ...one, endsAtMs: t0 + 1 });
    expect(await harness.tell()).toEqual(["trigger a"]);
    await harness.ends("a", { ...one, origin: "http://two:9090", endsAtMs: t0 + 1 });
    expect(await harness.tell()).toEqual(["resolve a"]);
  });
}
