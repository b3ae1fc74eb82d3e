import { describe, expect, test } from "vitest";
import { forgetfulTraits, targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, second, serverError, Stage, timedOut } from "./ledger-harness.ts";

const dedupKey = "group";
const webhook = { targets: [targetTerms("pagerduty", { traits: forgetfulTraits })] };

/** A group of one alert whose trigger was delivered. */
async function delivered(subject: LedgerSubject, given: Parameters<typeof Stage.open>[1] = {}): Promise<Stage> {
  const stage = await Stage.open(subject, given);
  await stage.fires("a", { dedupKey });
  expect(await stage.tell()).toEqual(["trigger group"]);
  return stage;
}

/** The members of an open incident change. */
export function groupUpdates(subject: LedgerSubject): void {
  describe("changed members of an open incident", () => {
    test.each([
      ["that keeps incidents", {}],
      ["without state", webhook],
    ])("are sent to a receiver %s: 10 s after the trigger, then once per 5 minutes", async (_, given) => {
      await using stage = await delivered(subject, given);
      await stage.fires("b", { dedupKey });
      expect(await stage.after(9 * second)).toEqual([]);
      await stage.clock.advance(second);
      expect(await stage.attempt()).toMatchObject({ action: "trigger", dedupKey, firing: 2, first: false });
      for (const name of ["c", "d", "e"]) {
        await stage.clock.advance(90 * second);
        await stage.fires(name, { dedupKey });
        expect(await stage.tell()).toEqual([]);
      }
      await stage.clock.advance(30 * second);
      expect(await stage.attempt()).toMatchObject({ action: "trigger", dedupKey, firing: 5 });
      expect(await stage.after(hour)).toEqual([]);
    });

    test("are sent after all other work", async () => {
      await using stage = await delivered(subject);
      await stage.fires("b", { dedupKey });
      await stage.clock.advance(minute);
      await stage.fires("c", { severity: "info" });
      expect((await stage.claim()).map((lease) => lease.dedupKey)).toEqual(["c", "group"]);
    });

    test("are sent when one ends while others fire, with the severity of those", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey, severity: "critical" });
      await stage.fires("b", { dedupKey, severity: "warning" });
      expect((await stage.attempt()).firing).toBe(2);
      await stage.ends("a", { dedupKey });
      expect(await stage.after(4 * minute)).toEqual([]);
      await stage.clock.advance(minute);
      expect(await stage.attempt()).toMatchObject({ firing: 1, severity: "warning", summary: "b is wrong" });
      await stage.fires("c", { dedupKey, severity: "critical" });
      expect(await stage.attempt()).toMatchObject({ action: "trigger", firing: 2, severity: "critical" });
    });

    test("wait for a confirmation of an alert that still fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey });
      await stage.fires("b", { dedupKey });
      await stage.tell();
      await stage.clock.advance(3 * hour);
      await stage.ends("b", { dedupKey });
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["told unconfirmed"]);
      await stage.fires("a", { dedupKey });
      expect(await stage.tell()).toEqual(["trigger group"]);
    });

    test("are not sent if the same members fire again when the update is due", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey });
      await stage.fires("b", { dedupKey });
      await stage.tell();
      await stage.ends("b", { dedupKey, endsAtMs: stage.clock.now() });
      await stage.clock.advance(minute);
      await stage.fires("b", { dedupKey, startsAtMs: stage.clock.now() });
      expect(await stage.after(hour)).toEqual([]);
    });

    test("are not sent for an alert that joined and ended before", async () => {
      await using stage = await delivered(subject);
      await stage.fires("b", { dedupKey });
      await stage.ends("b", { dedupKey });
      expect(await stage.after(hour)).toEqual([]);
      await stage.fires("b", { dedupKey, startsAtMs: stage.clock.now() });
      await stage.ends("a", { dedupKey });
      await stage.clock.advance(minute);
      expect(await stage.attempt()).toMatchObject({ action: "trigger", firing: 1, summary: "b is wrong" });
    });

    test("are sent once when an acknowledged incident is back to its first alert", async () => {
      await using stage = await delivered(subject);
      await stage.ledger.acknowledge((await stage.newest()).id, "anna");
      await stage.fires("b", { dedupKey });
      expect(await stage.tell()).toEqual(["acknowledge group"]);
      expect(await stage.after(minute)).toEqual(["trigger group"]);
      await stage.ends("b", { dedupKey });
      expect(await stage.after(hour)).toEqual(["trigger group"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("are not sent once the incident ended", async () => {
      await using stage = await delivered(subject);
      await stage.fires("b", { dedupKey });
      await stage.ends("a", { dedupKey });
      await stage.ends("b", { dedupKey });
      expect(await stage.tell()).toEqual(["resolve group"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("are not sent by repeats of the same alerts", async () => {
      await using stage = await delivered(subject);
      await stage.fires("b", { dedupKey });
      await stage.after(minute);
      for (let repeat = 0; repeat < 20; repeat++) {
        for (const name of ["b", "a"]) await stage.fires(name, { dedupKey });
        expect(await stage.after(minute)).toEqual([]);
      }
    });

    test("are sent after a person acknowledged, which stays so", async () => {
      await using stage = await delivered(subject);
      const [{ incident }] = (await stage.views()) as [Awaited<ReturnType<Stage["views"]>>[number]];
      await stage.ledger.acknowledge(incident.id, "anna");
      expect(await stage.tell()).toEqual(["acknowledge group"]);
      await stage.fires("b", { dedupKey });
      expect(await stage.after(minute)).toEqual(["trigger group"]);
      expect(await stage.newest()).toMatchObject({ wanted: { acknowledged: true }, told: { event: "acknowledge" } });
      expect(await stage.after(hour)).toEqual([]);
      await stage.fires("c", { dedupKey });
      expect(await stage.after(second)).toEqual(["trigger group"]);
    });

    test("are sent again after a failure, as one event until the members change again", async () => {
      await using stage = await delivered(subject, webhook);
      await stage.fires("b", { dedupKey });
      await stage.clock.advance(minute);
      const first = await stage.attempt(serverError);
      await stage.clock.advance(minute);
      const retried = await stage.attempt(timedOut);
      expect(retried.event).toEqual(first.event);
      await stage.fires("c", { dedupKey });
      await stage.clock.advance(10 * minute);
      const third = await stage.attempt();
      expect(third).toMatchObject({ action: "trigger", firing: 3 });
      expect(third.event).not.toEqual(first.event);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("are not sent where group_updates is off, and a rising severity still is", async () => {
      await using stage = await delivered(subject, { targets: [targetTerms("pagerduty", { groupUpdates: false })] });
      await stage.fires("b", { dedupKey });
      expect(await stage.after(hour)).toEqual([]);
      await stage.fires("c", { dedupKey, severity: "critical" });
      expect(await stage.tell()).toEqual(["trigger group"]);
    });

    test("are not sent to a target that was disabled or removed, and their end is", async () => {
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        await using stage = await Stage.open(subject);
        await stage.fires("a", { dedupKey });
        await stage.fires("b", { dedupKey });
        await stage.tell();
        await stage.ledger.useTargets(targets);
        await stage.ends("b", { dedupKey });
        expect(await stage.after(hour)).toEqual([]);
        await stage.ends("a", { dedupKey });
        expect(await stage.tell()).toEqual(["resolve group"]);
      }
    });

    test("go to the endpoint that opened the incident", async () => {
      await using stage = await delivered(subject);
      await stage.ledger.useTargets([targetTerms("pagerduty", { endpoint: "moved", credential: "rotated" })]);
      await stage.fires("b", { dedupKey });
      await stage.clock.advance(minute);
      expect((await stage.attempt()).endpoint).toBe("pagerduty at pagerduty's key");
    });
  });
}
