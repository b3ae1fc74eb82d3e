import type { ReadWord } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { alertOf, routeTo } from "../../kit/claims.ts";
import { hour, type LedgerSubject, minute, Stage } from "./ledger-harness.ts";

const api = "this-api";

const at = (name: string) => [routeTo("pagerduty", alertOf(name))];

/** Records one word about an alert of the source `default`. */
const reads = (stage: Stage, says: "active" | "suppressed", name: string, source = "default"): Promise<void> =>
  stage.ledger.recordReading({ source, api, words: [{ says, fingerprint: name, routes: at(name) }] });

async function lastWordAtMs(stage: Stage, name: string, source = "default"): Promise<number> {
  const { alerts } = await stage.ledger.readAlerts(source, [name]);
  const [alert] = alerts;
  if (!alert) throw new Error(`${source} has not sent ${name}`);
  return Math.max(alert.claim.heardAtMs, alert.shown?.atMs ?? 0);
}

async function ends(stage: Stage, name: string, source = "default"): Promise<void> {
  const word: ReadWord = {
    says: "gone",
    fingerprint: name,
    lastWordAtMs: await lastWordAtMs(stage, name, source),
  };
  await stage.ledger.recordReading({ source, api, words: [{ ...word, routes: [] }] });
}

/** What an Alertmanager's API says about alerts that it has sent. */
export function readings(subject: LedgerSubject): void {
  describe("a reading of Alertmanager", () => {
    test("knows the alerts that the source has sent through its webhook, and what was read about them", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("b", { source: "other" });
      await stage.fires("c", { sender: "10.0.0.1" });
      const ask = (source: string) => stage.ledger.readAlerts(source, ["a", "b", "c", "d", "__proto__"]);
      const before = await ask("default");
      expect(before.alerts).toEqual([{ fingerprint: "a", claim: expect.objectContaining({ status: "firing" }) }]);
      expect((await ask("__proto__")).alerts).toEqual([]);
      await reads(stage, "suppressed", "a");
      const { alerts, nowMs } = await ask("default");
      expect(alerts[0]?.shown).toEqual({ api, atMs: expect.any(Number), suppressed: true });
      expect(nowMs).toBeGreaterThanOrEqual(alerts[0]?.shown?.atMs ?? Number.POSITIVE_INFINITY);
      await stage.fires("a");
      expect((await ask("default")).alerts[0]?.shown?.api).toBe(api);
    });

    test("ends an alert", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await reads(stage, "active", "a");
      await ends(stage, "a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      const { alerts } = await stage.ledger.readAlerts("default", ["a"]);
      expect(alerts[0]?.claim).toMatchObject({ status: "resolved", ended: "read" });
      const { id } = await stage.newest();
      const found = await stage.ledger.incident(id);
      expect(found?.history.map(({ what, detail }) => [what, detail])).toContainEqual(["not_shown", "default"]);
    });

    test("does not end an alert that another source says fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("a", { source: "other" });
      await stage.tell();
      await ends(stage, "a");
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["told delivered"]);
      await ends(stage, "a", "other");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("re-opens what a reading ended if the alert is active, not if it is suppressed", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await ends(stage, "a");
      await stage.tell();
      await reads(stage, "suppressed", "a");
      expect(await stage.tell()).toEqual([]);
      await reads(stage, "active", "a");
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.stands()).toEqual(["told delivered", "closed delivered"]);
    });

    test("does not re-open what a resolve ended", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.tell();
      await reads(stage, "active", "a");
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["closed delivered"]);
    });

    test("makes an end that any firing re-opens at once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await ends(stage, "a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("says nothing about alerts that the source has not sent", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("b", { source: "other" });
      await stage.tell();
      await reads(stage, "active", "a");
      await reads(stage, "active", "b");
      expect(await stage.ledger.alert("a")).toBeUndefined();
      expect((await stage.ledger.readAlerts("other", ["b"])).alerts[0]?.shown).toBeUndefined();
    });

    test("shows as silenced what is suppressed there, until it is active again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await reads(stage, "suppressed", "a");
      expect(await stage.stands()).toEqual(["told silenced"]);
      await reads(stage, "active", "a");
      expect(await stage.stands()).toEqual(["told delivered"]);
    });

    test("does not show as silenced what another source says fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("a", { source: "other" });
      await stage.tell();
      await reads(stage, "suppressed", "a");
      expect(await stage.stands()).toEqual(["told delivered"]);
      await stage.ends("a", { source: "other" });
      expect(await stage.stands()).toEqual(["told silenced"]);
    });
  });

  if (!subject.virtualTime) return;
  describe("a reading of Alertmanager over time", () => {
    test("does not end an alert that was heard of since", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      const word: ReadWord = { says: "gone", fingerprint: "a", lastWordAtMs: await lastWordAtMs(stage, "a") };
      const gone = () => stage.ledger.recordReading({ source: "default", api, words: [{ ...word, routes: [] }] });
      await stage.clock.advance(minute);
      await stage.fires("a");
      await gone();
      expect(await stage.tell()).toEqual([]);
      await stage.clock.advance(minute);
      // Another replica saw it.
      await reads(stage, "suppressed", "a");
      await gone();
      expect(await stage.tell()).toEqual([]);
      await ends(stage, "a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("confirms an active alert: it is not stale, and gets its reminders", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 4 * hour, staleAfter: 6 * hour } });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(7 * hour)).toEqual([]);
      expect(await stage.stands()).toEqual(["told stale"]);
      await reads(stage, "active", "a");
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.stands()).toEqual(["told delivered"]);
    });

    test("confirms no suppressed alert: it gets no reminder", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 4 * hour } });
      await stage.fires("a");
      await stage.tell();
      for (let passed = 0; passed < 12; passed++) {
        await stage.clock.advance(hour);
        await reads(stage, "suppressed", "a");
        expect(await stage.tell()).toEqual([]);
      }
      expect(await stage.stands()).toEqual(["told silenced"]);
    });

    test("tells a target that came since of an active alert", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { at: [] });
      await stage.tell();
      await reads(stage, "active", "a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });
  });
}
