import type { Finding } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { alertOf, routeTo } from "../../kit/claims.ts";
import { hour, type LedgerSubject, minute, LedgerHarness } from "./ledger-harness.ts";

const api = "this-api";

const at = (name: string) => [routeTo("pagerduty", alertOf(name))];

/** Records one word about an alert of the source `default`. */
const reads = (
  harness: LedgerHarness,
  says: "active" | "suppressed",
  name: string,
  source = "default",
): Promise<void> =>
  harness.ledger.recordReading({ source, api, findings: [{ says, fingerprint: name, routes: at(name) }] });

async function lastReportedAtMs(harness: LedgerHarness, name: string, source = "default"): Promise<number> {
  const { alerts } = await harness.ledger.readAlerts(source, [name]);
  const [alert] = alerts;
  if (!alert) throw new Error(`${source} has not sent ${name}`);
  return Math.max(alert.claim.heardAtMs, alert.shown?.atMs ?? 0);
}

async function ends(harness: LedgerHarness, name: string, source = "default"): Promise<void> {
  const word: Finding = {
    says: "gone",
    fingerprint: name,
    lastReportedAtMs: await lastReportedAtMs(harness, name, source),
  };
  await harness.ledger.recordReading({ source, api, findings: [{ ...word, routes: [] }] });
}

/** Readings of an Alertmanager's API about alerts that it has sent. */
export function readings(subject: LedgerSubject): void {
  describe("a reading of Alertmanager", () => {
    test("covers the alerts that the source has sent through its webhook, and returns earlier readings of them", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("b", { source: "other" });
      await harness.fires("c", { sender: "10.0.0.1" });
      const ask = (source: string) => harness.ledger.readAlerts(source, ["a", "b", "c", "d", "__proto__"]);
      const before = await ask("default");
      expect(before.alerts).toEqual([{ fingerprint: "a", claim: expect.objectContaining({ status: "firing" }) }]);
      expect((await ask("__proto__")).alerts).toEqual([]);
      await reads(harness, "suppressed", "a");
      const { alerts, nowMs } = await ask("default");
      expect(alerts[0]?.shown).toEqual({ api, atMs: expect.any(Number), suppressed: true });
      expect(nowMs).toBeGreaterThanOrEqual(alerts[0]?.shown?.atMs ?? Number.POSITIVE_INFINITY);
      await harness.fires("a");
      expect((await ask("default")).alerts[0]?.shown?.api).toBe(api);
    });

    test("ends an alert", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await reads(harness, "active", "a");
      await ends(harness, "a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      const { alerts } = await harness.ledger.readAlerts("default", ["a"]);
      expect(alerts[0]?.claim).toMatchObject({ status: "resolved", ended: "read" });
      const { id } = await harness.newest();
      const found = await harness.ledger.incident(id);
      expect(found?.history.map(({ what, detail }) => [what, detail])).toContainEqual(["not_shown", "default"]);
    });

    test("does not end an alert that fires at another source", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("a", { source: "other" });
      await harness.tell();
      await ends(harness, "a");
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["told delivered"]);
      await ends(harness, "a", "other");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("opens an alert again that a reading ended if it is active, not if it is suppressed", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await ends(harness, "a");
      await harness.tell();
      await reads(harness, "suppressed", "a");
      expect(await harness.tell()).toEqual([]);
      await reads(harness, "active", "a");
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.stands()).toEqual(["told delivered", "closed delivered"]);
    });

    test("does not open an alert again that a resolve ended", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      await reads(harness, "active", "a");
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["closed delivered"]);
    });

    test("makes an end that any firing reverses at once", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await ends(harness, "a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("changes no alert that the source has not sent", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("b", { source: "other" });
      await harness.tell();
      await reads(harness, "active", "a");
      await reads(harness, "active", "b");
      expect(await harness.ledger.alert("a")).toBeUndefined();
      expect((await harness.ledger.readAlerts("other", ["b"])).alerts[0]?.shown).toBeUndefined();
    });

    test("shows a suppressed alert as silenced until it is active again", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await reads(harness, "suppressed", "a");
      expect(await harness.stands()).toEqual(["told silenced"]);
      await reads(harness, "active", "a");
      expect(await harness.stands()).toEqual(["told delivered"]);
    });

    test("does not show an alert as silenced that fires at another source", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("a", { source: "other" });
      await harness.tell();
      await reads(harness, "suppressed", "a");
      expect(await harness.stands()).toEqual(["told delivered"]);
      await harness.ends("a", { source: "other" });
      expect(await harness.stands()).toEqual(["told silenced"]);
    });
  });

  if (!subject.virtualTime) return;
  describe("a reading of Alertmanager over time", () => {
    test("does not end an alert that was received since", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      const word: Finding = { says: "gone", fingerprint: "a", lastReportedAtMs: await lastReportedAtMs(harness, "a") };
      const gone = () => harness.ledger.recordReading({ source: "default", api, findings: [{ ...word, routes: [] }] });
      await harness.clock.advance(minute);
      await harness.fires("a");
      await gone();
      expect(await harness.tell()).toEqual([]);
      await harness.clock.advance(minute);
      // Another replica saw it.
      await reads(harness, "suppressed", "a");
      await gone();
      expect(await harness.tell()).toEqual([]);
      await ends(harness, "a");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("confirms an active alert: it is not stale, and gets its reminders", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 4 * hour, staleAfter: 6 * hour } });
      await harness.fires("a");
      await harness.tell();
      expect(await harness.after(7 * hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told stale"]);
      await reads(harness, "active", "a");
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.stands()).toEqual(["told delivered"]);
    });

    test("confirms no suppressed alert: it gets no reminder", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 4 * hour } });
      await harness.fires("a");
      await harness.tell();
      for (let passed = 0; passed < 12; passed++) {
        await harness.clock.advance(hour);
        await reads(harness, "suppressed", "a");
        expect(await harness.tell()).toEqual([]);
      }
      expect(await harness.stands()).toEqual(["told silenced"]);
    });

    test("sends an active alert to a target that was added since", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { at: [] });
      await harness.tell();
      await reads(harness, "active", "a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });
}
