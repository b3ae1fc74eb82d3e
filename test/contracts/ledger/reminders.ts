import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import { accepted, hour, leaseMs, type LedgerSubject, minute, second, serverError, Stage } from "./ledger-harness.ts";

/** Reminders: who gets one, and when. */
export function reminders(subject: LedgerSubject): void {
  describe("a reminder", () => {
    const settings = { remind: 4 * hour };

    test("is sent every 4 hours while the source confirms the alert, after all other work", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(3 * hour);
      await stage.fires("a");
      expect(await stage.after(hour - 1)).toEqual([]);
      await stage.fires("b", { severity: "info" });
      expect(await stage.after(1)).toEqual(["trigger b", "trigger a"]);
      await stage.clock.advance(3 * hour);
      await stage.fires("a");
      expect(await stage.after(hour - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
    });

    test("is never sent for an alert that no source confirmed since the last attempt", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      for (let passed = 0; passed < 100; passed++) expect(await stage.after(hour)).toEqual([]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("waits for the next confirmation, and says that the alert is unconfirmed", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(2 * hour);
      await stage.fires("a");
      expect(await stage.stands()).toEqual(["told delivered"]);
      // Confirmed two hours ago is not recent.
      expect(await stage.after(2 * hour)).toEqual([]);
      expect(await stage.stands()).toEqual(["told unconfirmed"]);
      expect(await stage.after(hour)).toEqual([]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.stands()).toEqual(["told delivered"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual([]);
    });

    test("is sent once when the confirmation comes exactly when it is due", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      for (let round = 0; round < 3; round++) {
        await stage.clock.advance(4 * hour);
        await stage.fires("a");
        expect(await stage.tell()).toEqual(["trigger a"]);
        await stage.fires("a");
        expect(await stage.tell()).toEqual([]);
      }
    });

    test("counts from when the last attempt began, and a word during that attempt confirms", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 8 * second } });
      await stage.fires("a");
      const lease = await stage.claimOne();
      await stage.clock.advance(5 * second);
      await stage.fires("a");
      await stage.settle(lease);
      expect(await stage.after(3 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
    });

    test("is not sent for a stale alert, however long remind is", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 8 * hour, staleAfter: hour } });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(6 * hour);
      await stage.fires("a");
      expect(await stage.after(2 * hour)).toEqual([]);
      expect(await stage.stands()).toEqual(["told stale"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("that waits for a confirmation is not sent for one that follows an acknowledgement or an end", async () => {
      await using stage = await Stage.open(subject, { settings });
      for (const name of ["acknowledged", "ended"]) await stage.fires(name);
      await stage.tell();
      expect(await stage.after(4 * hour)).toEqual([]);
      const { incidents } = await stage.ledger.incidents({ limit: 1, fingerprint: "acknowledged" });
      await stage.ledger.acknowledge(incidents[0]!.incident.id, "a person");
      await stage.ends("ended");
      expect((await stage.tell()).toSorted()).toEqual(["acknowledge acknowledged", "resolve ended"]);
      await stage.fires("acknowledged");
      expect(await stage.after(5 * hour)).toEqual([]);
    });

    test("of several alerts in one incident is sent if one that fires was confirmed", async () => {
      const targets = [targetTerms("pagerduty", { groupUpdates: false })];
      await using stage = await Stage.open(subject, { settings, targets });
      const together = { dedupKey: "group" };
      await stage.fires("a", together);
      await stage.tell();
      await stage.clock.advance(3 * hour);
      await stage.fires("b", together);
      await stage.tell();
      // Confirmed an hour ago by b.
      expect(await stage.after(hour)).toEqual(["trigger group"]);
      await stage.clock.advance(3 * hour);
      await stage.fires("b", together);
      await stage.ends("b", together);
      // What is over confirms nothing of what still fires.
      expect(await stage.after(hour)).toEqual([]);
      expect(await stage.stands()).toEqual(["told unconfirmed"]);
      await stage.fires("a", together);
      expect(await stage.tell()).toEqual(["trigger group"]);
    });

    test("waits no longer when a second alert joins the incident", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { dedupKey: "group" });
      await stage.tell();
      expect(await stage.after(5 * hour)).toEqual([]);
      await stage.fires("b", { dedupKey: "group" });
      expect(await stage.tell()).toEqual(["trigger group"]);
    });

    test("is not sent because targets changed: to route an alert again confirms nothing", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(5 * hour)).toEqual([]);
      const { target, dedupKey, wanted } = await stage.newest();
      const route = { target, dedupKey, severity: wanted.severity, summary: wanted.summary };
      await stage.ledger.reroute([{ fingerprint: "a", routes: [route] }]);
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["told unconfirmed"]);
    });

    test("is sent where the target's filters have changed since, as before", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(5 * hour)).toEqual([]);
      await stage.fires("a", { at: [] });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("that fails is retried with backoff, and only while the alert counts as confirmed", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(4 * hour);
      await stage.fires("a");
      await stage.attempt(serverError);
      expect(await stage.claim()).toEqual([]);
      await stage.clock.advance(second);
      await stage.attempt(accepted);
      expect(await stage.claim()).toEqual([]);
      await stage.clock.advance(4 * hour);
      await stage.fires("a");
      await stage.attempt({ ...serverError, retryAfterMs: 2 * hour });
      expect(await stage.after(2 * hour)).toEqual([]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("waits for its confirmation when its attempt is lost on the way", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 10 * second } });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(10 * second);
      await stage.fires("a");
      await stage.claimOne("gone");
      expect(await stage.after(leaseMs)).toEqual([]);
      expect(await stage.after(hour)).toEqual([]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("to a shadow target is not sent either, on the same terms", async () => {
      await using stage = await Stage.open(subject, {
        settings,
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await stage.fires("a");
      await stage.tell();
      for (let round = 0; round < 3; round++) {
        await stage.clock.advance(4 * hour);
        expect(await stage.claim()).toEqual([]);
        await stage.clock.advance(hour);
        await stage.fires("a");
        expect(await stage.attempt()).toMatchObject({ action: "trigger", shadow: true, first: false });
        expect(await stage.claim()).toEqual([]);
      }
      expect(await stage.stands()).toEqual(["not_told shadow"]);
    });

    test("goes to no target that is disabled or removed; its end does, and so does the reminder once the target is back", async () => {
      await using stage = await Stage.open(subject, { settings });
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        const name = `a${targets.length}`;
        await stage.fires(name);
        await stage.tell();
        await stage.ledger.useTargets(targets);
        await stage.clock.advance(5 * hour);
        await stage.fires(name);
        expect(await stage.tell()).toEqual([]);
        await stage.ledger.useTargets([targetTerms("pagerduty")]);
        await stage.fires(name);
        expect(await stage.tell()).toEqual([`trigger ${name}`]);
        await stage.ledger.useTargets(targets);
        await stage.ends(name);
        expect(await stage.tell()).toEqual([`resolve ${name}`]);
        await stage.ledger.useTargets([targetTerms("pagerduty")]);
      }
    });
  });

  describe("a receiver that forgets", () => {
    const traits = { dropsUnknownResolves: true, acknowledges: false, forgetsAfterMs: 2 * hour };
    const targets = [targetTerms("pagerduty", { traits })];

    test("is told again in half its time, whether the alert is acknowledged, unconfirmed or stale", async () => {
      await using stage = await Stage.open(subject, { targets, settings: { remind: 0, staleAfter: 5 * hour } });
      await stage.fires("a");
      await stage.tell();
      const { id } = await stage.newest();
      await stage.ledger.acknowledge(id, "a person");
      expect(await stage.after(hour - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
      for (let passed = 2; passed < 10; passed++) expect(await stage.after(hour)).toEqual(["trigger a"]);
      expect(await stage.stands()).toEqual(["told stale"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(9 * hour)).toEqual([]);
    });

    test("is told again in time also when a reminder waits for a confirmation, and not more often", async () => {
      await using stage = await Stage.open(subject, { targets, settings: { remind: 10 * minute } });
      await stage.fires("a");
      await stage.tell();
      for (let round = 0; round < 3; round++) {
        expect(await stage.after(10 * minute)).toEqual([]);
        expect(await stage.after(50 * minute - 1)).toEqual([]);
        expect(await stage.after(1)).toEqual(["trigger a"]);
      }
      await stage.clock.advance(10 * minute);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });
  });

  test("repeats of a firing alert change no incident, also after a reminder waited for one", async () => {
    await using stage = await Stage.open(subject, { settings: { remind: 4 * hour } });
    await stage.fires("a");
    await stage.tell();
    await stage.after(5 * hour);
    await stage.fires("a");
    await stage.tell();
    const before = await stage.newest();
    for (let said = 0; said < 100; said++) {
      await stage.clock.advance(10);
      await stage.fires("a");
    }
    expect(await stage.claim()).toEqual([]);
    expect(await stage.newest()).toEqual(before);
  });
}
