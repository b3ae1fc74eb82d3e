import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  leaseMs,
  type LedgerSubject,
  minute,
  second,
  serverError,
  LedgerHarness,
} from "./ledger-harness.ts";

/** Reminders: their receivers and their times. */
export function reminders(subject: LedgerSubject): void {
  describe("a reminder", () => {
    const settings = { remind: 4 * hour };

    test("is sent every 4 hours while the source confirms the alert, after all other work", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(3 * hour);
      await harness.fires("a");
      expect(await harness.after(hour - 1)).toEqual([]);
      await harness.fires("b", { severity: "info" });
      expect(await harness.after(1)).toEqual(["trigger b", "trigger a"]);
      await harness.clock.advance(3 * hour);
      await harness.fires("a");
      expect(await harness.after(hour - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
    });

    test("is never sent for an alert that no source confirmed since the last attempt", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      for (let passed = 0; passed < 100; passed++) expect(await harness.after(hour)).toEqual([]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("waits for the next confirmation, and says that the alert is unconfirmed", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(2 * hour);
      await harness.fires("a");
      expect(await harness.stands()).toEqual(["told delivered"]);
      // Confirmed two hours ago is not recent.
      expect(await harness.after(2 * hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told unconfirmed"]);
      expect(await harness.after(hour)).toEqual([]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.stands()).toEqual(["told delivered"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual([]);
    });

    test("is sent once when the confirmation comes exactly when it is due", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      for (let round = 0; round < 3; round++) {
        await harness.clock.advance(4 * hour);
        await harness.fires("a");
        expect(await harness.tell()).toEqual(["trigger a"]);
        await harness.fires("a");
        expect(await harness.tell()).toEqual([]);
      }
    });

    test("counts from the start of the last attempt, and a repeat during that attempt confirms the alert", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 8 * second } });
      await harness.fires("a");
      const lease = await harness.claimOne();
      await harness.clock.advance(5 * second);
      await harness.fires("a");
      await harness.settle(lease);
      expect(await harness.after(3 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
    });

    test("is not sent for a stale alert, however long remind is", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 8 * hour, staleAfter: hour } });
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(6 * hour);
      await harness.fires("a");
      expect(await harness.after(2 * hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told stale"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("is not sent by a confirmation that comes after an acknowledgement or a resolve", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      for (const name of ["acknowledged", "ended"]) await harness.fires(name);
      await harness.tell();
      expect(await harness.after(4 * hour)).toEqual([]);
      const { incidents } = await harness.ledger.incidents({ limit: 1, fingerprint: "acknowledged" });
      await harness.ledger.acknowledge(incidents[0]!.incident.id, "a person");
      await harness.ends("ended");
      expect((await harness.tell()).toSorted()).toEqual(["acknowledge acknowledged", "resolve ended"]);
      await harness.fires("acknowledged");
      expect(await harness.after(5 * hour)).toEqual([]);
    });

    test("for several alerts in one incident is sent if one firing alert was confirmed", async () => {
      const targets = [targetTerms("pagerduty", { groupUpdates: false })];
      await using harness = await LedgerHarness.open(subject, { settings, targets });
      const together = { dedupKey: "group" };
      await harness.fires("a", together);
      await harness.tell();
      await harness.clock.advance(3 * hour);
      await harness.fires("b", together);
      await harness.tell();
      // Confirmed an hour ago by b.
      expect(await harness.after(hour)).toEqual(["trigger group"]);
      await harness.clock.advance(3 * hour);
      await harness.fires("b", together);
      await harness.ends("b", together);
      // A resolved alert does not confirm the ones that still fire.
      expect(await harness.after(hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told unconfirmed"]);
      await harness.fires("a", together);
      expect(await harness.tell()).toEqual(["trigger group"]);
    });

    test("waits no longer when a second alert joins the incident", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { dedupKey: "group" });
      await harness.tell();
      expect(await harness.after(5 * hour)).toEqual([]);
      await harness.fires("b", { dedupKey: "group" });
      expect(await harness.tell()).toEqual(["trigger group"]);
    });

    test("is not sent because targets changed: routing an alert again does not confirm it", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      expect(await harness.after(5 * hour)).toEqual([]);
      const { target, dedupKey, wanted } = await harness.newest();
      const route = { target, dedupKey, severity: wanted.severity, summary: wanted.summary };
      await harness.ledger.reroute([{ fingerprint: "a", routes: [route] }]);
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["told unconfirmed"]);
    });

    test("is sent where the target's filters have changed since, as before", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      expect(await harness.after(5 * hour)).toEqual([]);
      await harness.fires("a", { at: [] });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("that fails is retried with backoff, and only while the alert counts as confirmed", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(4 * hour);
      await harness.fires("a");
      await harness.attempt(serverError);
      expect(await harness.claim()).toEqual([]);
      await harness.clock.advance(second);
      await harness.attempt(accepted);
      expect(await harness.claim()).toEqual([]);
      await harness.clock.advance(4 * hour);
      await harness.fires("a");
      await harness.attempt({ ...serverError, retryAfterMs: 2 * hour });
      expect(await harness.after(2 * hour)).toEqual([]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("waits for its confirmation when its attempt is lost on the way", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 10 * second } });
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(10 * second);
      await harness.fires("a");
      await harness.claimOne("gone");
      expect(await harness.after(leaseMs)).toEqual([]);
      expect(await harness.after(hour)).toEqual([]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("to a shadow target follows the same rules and is not sent either", async () => {
      await using harness = await LedgerHarness.open(subject, {
        settings,
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await harness.fires("a");
      await harness.tell();
      for (let round = 0; round < 3; round++) {
        await harness.clock.advance(4 * hour);
        expect(await harness.claim()).toEqual([]);
        await harness.clock.advance(hour);
        await harness.fires("a");
        expect(await harness.attempt()).toMatchObject({ action: "trigger", shadow: true, first: false });
        expect(await harness.claim()).toEqual([]);
      }
      expect(await harness.stands()).toEqual(["not_told shadow"]);
    });

    test("is not sent to a disabled or removed target, which still gets the resolve, and is sent again once the target is back", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        const name = `a${targets.length}`;
        await harness.fires(name);
        await harness.tell();
        await harness.ledger.useTargets(targets);
        await harness.clock.advance(5 * hour);
        await harness.fires(name);
        expect(await harness.tell()).toEqual([]);
        await harness.ledger.useTargets([targetTerms("pagerduty")]);
        await harness.fires(name);
        expect(await harness.tell()).toEqual([`trigger ${name}`]);
        await harness.ledger.useTargets(targets);
        await harness.ends(name);
        expect(await harness.tell()).toEqual([`resolve ${name}`]);
        await harness.ledger.useTargets([targetTerms("pagerduty")]);
      }
    });
  });

  describe("a receiver that forgets alerts", () => {
    const traits = { dropsUnknownResolves: true, acknowledges: false, forgetsAfterMs: 2 * hour };
    const targets = [targetTerms("pagerduty", { traits })];

    test("gets a repeat in half its expiry time, whether the alert is acknowledged, unconfirmed or stale", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets,
        settings: { remind: 0, staleAfter: 5 * hour },
      });
      await harness.fires("a");
      await harness.tell();
      const { id } = await harness.newest();
      await harness.ledger.acknowledge(id, "a person");
      expect(await harness.after(hour - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
      for (let passed = 2; passed < 10; passed++) expect(await harness.after(hour)).toEqual(["trigger a"]);
      expect(await harness.stands()).toEqual(["told stale"]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.after(9 * hour)).toEqual([]);
    });

    test("gets a repeat in time also if a reminder waits for a confirmation, and not more often", async () => {
      await using harness = await LedgerHarness.open(subject, { targets, settings: { remind: 10 * minute } });
      await harness.fires("a");
      await harness.tell();
      for (let round = 0; round < 3; round++) {
        expect(await harness.after(10 * minute)).toEqual([]);
        expect(await harness.after(50 * minute - 1)).toEqual([]);
        expect(await harness.after(1)).toEqual(["trigger a"]);
      }
      await harness.clock.advance(10 * minute);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });

  test("repeats of a firing alert change no incident, also after a reminder waited for one", async () => {
    await using harness = await LedgerHarness.open(subject, { settings: { remind: 4 * hour } });
    await harness.fires("a");
    await harness.tell();
    await harness.after(5 * hour);
    await harness.fires("a");
    await harness.tell();
    const before = await harness.newest();
    for (let said = 0; said < 100; said++) {
      await harness.clock.advance(10);
      await harness.fires("a");
    }
    expect(await harness.claim()).toEqual([]);
    expect(await harness.newest()).toEqual(before);
  });
}
