import { type AlertView, type Clock, systemClock } from "@tocsin/core";
import { expect, test } from "vitest";
import { firingAlerts, maxListed } from "./firing-alerts.ts";

const viewOf = (n: number, text = ""): AlertView => ({
  alert: { fingerprint: String(n).padStart(6, "0"), labels: { text }, annotations: {}, startsAtMs: 0 },
  sender: "a",
  claims: [],
  status: "firing",
  firstSeenAtMs: 0,
  confirmedAtMs: 0,
});

/** Lists these alerts, of which the ledger has pages in reverse order. */
async function list(
  views: readonly AlertView[],
  o: { readonly copies?: number; readonly isGone?: () => boolean; readonly msPerRead?: number } = {},
) {
  const pages = views.toReversed();
  const byFingerprint = new Map(views.map((view) => [view.alert.fingerprint, view]));
  let nowMs = 0;
  let reads = 0;
  const clock: Clock = { ...systemClock, now: () => nowMs, monotonic: () => nowMs };
  const ledger = {
    firing: async ({ after, limit }: { readonly after?: string; readonly limit: number }) => {
      reads++;
      nowMs += o.msPerRead ?? 0;
      const from = pages.findIndex(({ alert }) => alert.fingerprint === after) + 1;
      return pages.slice(from, from + limit).map(({ alert }) => alert);
    },
    alert: async (fingerprint: string) => byFingerprint.get(fingerprint),
  };
  const alerts = await firingAlerts(
    { matchers: [], isReceiver: undefined, active: true, suppressed: true },
    { ledger, clock, receiversOf: () => ["a"], copies: () => o.copies ?? 1, isGone: o.isGone ?? (() => false) },
  );
  return { fingerprints: alerts.map(({ fingerprint }) => fingerprint), reads };
}

const views = (count: number) => Array.from({ length: count }, (_, n) => viewOf(n));

test.each([0, 1, 99, 100, 101, 250])("lists %i alerts by fingerprint", async (count) => {
  const expected = views(count).map(({ alert }) => alert.fingerprint);
  expect((await list(views(count))).fingerprints).toEqual(expected);
});

test("lists as many alerts as the limit, and refuses more", async () => {
  const most = maxListed.alerts / 10;
  expect((await list(views(most), { copies: 10 })).fingerprints).toHaveLength(most);
  await expect(list(views(most + 1), { copies: 10 })).rejects.toMatchObject({
    status: 400,
    message: "the list has more than 10000 alerts: select fewer alerts with filter or receiver",
  });
});

test("keeps no alert that the answer does not contain", async () => {
  expect((await list(views(3), { copies: 0 })).fingerprints).toEqual([]);
});

test("refuses a list that is too long or takes too long", async () => {
  const large = [viewOf(1, "x".repeat(1_000_000))];
  expect((await list(large, { copies: 33 })).fingerprints).toHaveLength(1);
  await expect(list(large, { copies: 34 })).rejects.toThrow("longer than 33554432 characters");
  expect((await list(views(400), { msPerRead: 2_000 })).reads).toBe(5);
  await expect(list(views(600), { msPerRead: 2_000 })).rejects.toThrow("takes longer than 10 s");
});

test("stops when the client is gone", async () => {
  expect((await list(views(1_000), { isGone: () => true })).reads).toBe(1);
});

test("leaves out an alert that has ended since its page was read, and alerts about changes", async () => {
  const [a, b, c] = [viewOf(1), viewOf(2), viewOf(3)];
  const change = { ...b, alert: { ...b.alert, labels: { change_event: "true" } } };
  expect((await list([a, change, { ...c, status: "resolved" }])).fingerprints).toEqual(["000001"]);
});
