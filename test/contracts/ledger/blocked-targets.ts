import type { Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  LedgerHarness,
  type LedgerSubject,
  minute,
  second,
  suspicious,
  unauthorized,
} from "./ledger-harness.ts";

/** Targets that refuse the credential, and how they are probed. */
export function blockedTargets(subject: LedgerSubject): void {
  describe("a target that refuses everything", () => {
    test("is shown as blocked by incidents that it accepted earlier", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("delivered");
      await harness.tell();
      await harness.fires("refused");
      await harness.attempt(unauthorized);
      const heldBack = { reason: "waiting_auth", detail: "HTTP 401" };
      const [view] = (await harness.ledger.incidents({ limit: 1, state: "told" })).incidents;
      expect(view).toMatchObject({ reason: "delivered", heldBack });
      const [explained] = (await harness.ledger.explain("delivered"))?.incidents ?? [];
      expect(explained).toMatchObject({ state: "told", heldBack });
      await harness.clock.advance(minute);
      await harness.attempt(accepted);
      expect((await harness.ledger.explain("delivered"))?.incidents[0]).not.toHaveProperty("heldBack");
    });

    test("is probed every minute by one attempt, and everything else waits", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("b");
      const [first, second_] = await harness.claim();
      await harness.settle(first as Lease, unauthorized);
      await harness.settle(second_ as Lease, unauthorized);
      expect(await harness.claim()).toEqual([]);
      expect(await harness.stands()).toEqual(["due waiting_auth", "due waiting_auth"]);
      await harness.clock.advance(minute);
      const since = async () => (await harness.ledger.targetStatus())[0]?.blocked?.sinceMs;
      const beganAtMs = await since();
      expect(beganAtMs).toBeDefined();
      await harness.attempt(unauthorized);
      expect(await since()).toBe(beganAtMs);
      await harness.clock.advance(minute);
      await harness.attempt(accepted);
      expect(await harness.tell()).toHaveLength(1);
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
    });

    test("gets everything that it refused as soon as it accepts again", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
      await harness.clock.advance(minute);
      await harness.attempt(accepted);
      expect(await harness.tell()).toHaveLength(2);
    });

    test("is probed at once if an operator asks for it, and blocked again if it refuses that too", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
      await harness.ledger.unblock("pagerduty", { proven: false });
      const probes = await harness.claim();
      expect(probes).toHaveLength(1);
      await harness.settle(probes[0] as Lease, unauthorized);
      expect(await harness.claim()).toEqual([]);
      await harness.ledger.unblock("pagerduty", { proven: false });
      await harness.attempt(accepted);
      expect(await harness.tell()).toHaveLength(2);
    });

    test("gets everything at once when its credential is known to be good", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
      await harness.ledger.unblock("pagerduty", { proven: true });
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      expect(await harness.tell()).toHaveLength(2);
      await harness.ledger.unblock("pagerduty", { proven: true });
      await harness.ledger.unblock("unknown", { proven: true });
    });

    test.each(["a header or signing secret", "the key", "the key and back"])(
      "gets everything at once after a change of %s",
      async (what) => {
        const target = targetTerms("pagerduty");
        const other = targetTerms("pagerduty", { endpoint: "other", credential: "other" });
        await using harness = await LedgerHarness.open(subject, { targets: [target] });
        for (const name of ["a", "b"]) await harness.fires(name);
        for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
        await harness.ledger.useTargets([{ ...target, sealed: "sealed again" }]);
        expect(await harness.claim(), "nothing changed").toEqual([]);
        if (what.startsWith("a header")) await harness.ledger.useTargets([{ ...target, access: "other" }]);
        else await harness.ledger.useTargets([other]);
        if (what.endsWith("back")) await harness.ledger.useTargets([target]);
        expect(await harness.tell()).toHaveLength(2);
      },
    );

    test("gets all refused events once its key is repaired: the events were not the cause", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, suspicious);
      const checks = await harness.claim();
      expect(checks.map(({ action }) => action)).toEqual(["check", "check", "check"]);
      await harness.settle(checks[0] as Lease, suspicious);
      for (const lease of checks.slice(1))
        await harness.settle(lease, { kind: "interrupted", left: false, detail: "" });
      const told: string[] = [];
      for (let at = 0; at < 3; at++) told.push(...(await harness.after(minute)));
      expect(told.filter((line) => line.startsWith("trigger")).toSorted()).toEqual([
        "trigger a",
        "trigger b",
        "trigger c",
      ]);
      expect(new Set(await harness.stands())).toEqual(new Set(["told delivered"]));
    });

    test("proves nothing about earlier refusals if its key is checked much later", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(suspicious);
      await harness.clock.advance(11 * second);
      expect((await harness.attempt(accepted)).action).toBe("check");
      expect(await harness.after(second)).toEqual(["trigger a"]);
    });

    test("is never given up, however long it takes", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      for (let at = 0; at < 50; at++) {
        await harness.attempt(unauthorized);
        await harness.clock.advance(hour);
      }
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });
}
