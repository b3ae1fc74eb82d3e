import { describe, expect, test } from "vitest";
import { firing, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { LedgerHarness, type LedgerSubject, refused, serverError, tooMany, unauthorized } from "./ledger-harness.ts";

const mostUrgent = async ({ ledger }: LedgerHarness): Promise<string[]> =>
  (await ledger.summary(10)).oldestDue.map(({ incident }) => incident.dedupKey);

/** Counts by target, state and reason, and the facts of lists that come from the leading alert. */
export function summaries(subject: LedgerSubject): void {
  describe("the summary", () => {
    test("counts every incident once, by target, state and reason", async () => {
      const limited = targetTerms("limited", {
        rateLimit: { algorithm: "sliding_window", limit: 1, perMs: 60_000, burst: 0, reserve: 0 },
      });
      await using harness = await LedgerHarness.open(subject, {
        targets: [...["well", "blocked", "paused"].map((name) => targetTerms(name)), limited],
      });
      const [first, ...others] = ["a", "b", "c"].map((name) =>
        wanted(firing(name), { at: ["well", "blocked", "paused", "limited"] }),
      );
      await harness.ledger.record(first ? [first] : []);
      const outcomes = { blocked: unauthorized, paused: tooMany, well: serverError, limited: refused };
      for (const lease of await harness.claim())
        await harness.settle(lease, outcomes[lease.target as keyof typeof outcomes]);
      await harness.ledger.record(others);
      const { rows } = await harness.ledger.summary(10);
      const shown = rows.map(({ target, state, reason, count }) => `${target} ${state} ${reason} ${count}`);
      expect(shown.toSorted()).toEqual([
        "blocked due waiting_auth 3",
        "limited dead null 1",
        "limited due waiting_limit 2",
        "paused due waiting_pause 3",
        "well due waiting_retry 1",
        "well due waiting_turn 2",
      ]);
    });

    test("agrees with the list about states and reasons", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (let n = 0; n < 12; n++) await harness.fires(`a${n}`, { severity: n % 2 ? "critical" : "info" });
      for (const [n, lease] of (await harness.claim(9)).entries())
        if (n % 3 < 2) await harness.settle(lease, n % 3 ? serverError : undefined);
      const counted = new Map<string, number>();
      for (const { state, reason } of await harness.views()) {
        const key = state === "due" || state === "in_flight" ? `${state} ${reason}` : `${state} null`;
        counted.set(key, (counted.get(key) ?? 0) + 1);
      }
      const { rows } = await harness.ledger.summary(10);
      expect(new Map(rows.map(({ state, reason, count }) => [`${state} ${reason}`, count]))).toEqual(counted);
    });

    test("lists the most urgent incidents first, without those in flight and those that were delivered", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("delivered", { severity: "critical" });
      await harness.tell();
      await harness.fires("flying", { severity: "critical" });
      await harness.claimOne();
      await harness.fires("warning", { severity: "warning" });
      await harness.fires("critical 1", { severity: "critical" });
      await harness.fires("critical 2", { severity: "critical" });
      const keys = async (limit: number) =>
        (await harness.ledger.summary(limit)).oldestDue.map(({ incident }) => incident.dedupKey);
      expect(await keys(10)).toEqual(["critical 1", "critical 2", "warning"]);
      expect(await keys(1)).toHaveLength(1);
    });

    test("lists unacknowledged incidents before acknowledged ones of the same urgency, which keep the time since when they wait", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["acknowledged 1", "acknowledged 2"]) {
        await harness.fires(name, { severity: "critical" });
        const { id, dueSinceMs } = await harness.newest();
        await harness.ledger.acknowledge(id, "ann");
        expect((await harness.newest()).dueSinceMs).toBe(dueSinceMs);
      }
      await harness.fires("unpaged", { severity: "critical" });
      await harness.fires("warning", { severity: "warning" });
      const keys = async (limit: number) =>
        (await harness.ledger.summary(limit)).oldestDue.map(({ incident }) => incident.dedupKey);
      expect(await keys(10)).toEqual(["unpaged", "acknowledged 1", "acknowledged 2", "warning"]);
      expect(await keys(1)).toEqual(["unpaged"]);
    });
  });

  describe("the most urgent incidents of a long lane", () => {
    const length = 60;
    const fire = async (harness: LedgerHarness, prefix: string): Promise<void> => {
      const names = Array.from({ length }, (_, n) => `${prefix} ${n}`);
      await harness.ledger.record(names.map((name) => wanted(firing(name), { severity: "critical" })));
    };

    test("have an unacknowledged one first, although many acknowledged ones are due before it", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fire(harness, "acknowledged");
      for (const {
        incident: { id },
      } of await harness.views())
        await harness.ledger.acknowledge(id, "ann");
      await harness.fires("unpaged", { severity: "critical" });
      expect((await mostUrgent(harness))[0]).toBe("unpaged");
    });

    test("have one that waits for its retry first, although many newer ones are due before it", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("old", { severity: "critical" });
      await harness.settle(await harness.claimOne(), serverError);
      await fire(harness, "new");
      expect((await mostUrgent(harness))[0]).toBe("old");
    });
  });

  describe("an incident", () => {
    test("shows labels, sources and the last confirmation of its leading alert", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { source: "one", labels: { team: "x" } });
      await harness.tell();
      await harness.fires("a", { source: "two", labels: { team: "x" } });
      const [view] = await harness.views();
      expect(view?.labels).toEqual({ alertname: "a", team: "x" });
      expect(view?.sources.toSorted()).toEqual(["one", "two"]);
    });
  });

  if (subject.virtualTime) instants(subject);
}

function instants(subject: LedgerSubject): void {
  describe("an incident", () => {
    test("shows when a source last confirmed its leading alert", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(1_000);
      await harness.fires("a");
      const [view] = await harness.views();
      expect((view?.confirmedAtMs ?? 0) - (view?.incident.acceptedAtMs ?? 0)).toBe(1_000);
    });
  });
}
