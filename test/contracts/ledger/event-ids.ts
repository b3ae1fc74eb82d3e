import type { Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { forgetfulTraits, targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  type LedgerSubject,
  leaseMs,
  refused,
  second,
  serverError,
  LedgerHarness,
  timedOut,
} from "./ledger-harness.ts";

const webhook = targetTerms("pagerduty", { traits: forgetfulTraits });

/** A receiver that takes an event that it has seen before for nothing new, as webhooks do by their id. */
class Recogniser {
  readonly #seen = new Set<string>();
  status: "nothing" | "firing" | "resolved" = "nothing";

  hears({ event, action }: Lease): void {
    const id = JSON.stringify(event);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.status = action === "resolve" ? "resolved" : "firing";
  }
}

/** Which attempts are one event: receivers that recognise repeats rely on it. */
export function eventIds(subject: LedgerSubject): void {
  if (!subject.virtualTime) return;
  const open = (settings = {}) => LedgerHarness.open(subject, { targets: [webhook], settings });

  describe("the sender of an alert", () => {
    test("is part of the event: its address if there is one, otherwise the source", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { source: "alertmanager" });
      expect((await harness.attempt()).sender).toBe("alertmanager");
      await harness.fires("b", { source: "prometheus", sender: "10.0.0.1", endsAtMs: harness.clock.now() + 60_000 });
      expect((await harness.attempt()).sender).toBe("10.0.0.1");
    });
  });

  describe("an event", () => {
    test("keeps its ID in all attempts, and states the time of the first one", async () => {
      await using harness = await open();
      await harness.fires("a");
      const first = await harness.attempt(timedOut);
      expect(first.event).toEqual({ token: first.token, atMs: harness.clock.now() });
      for (const outcome of [serverError, timedOut, accepted]) {
        await harness.clock.advance(hour);
        expect((await harness.attempt(outcome)).event).toEqual(first.event);
      }
    });

    test("keeps its ID when another owner takes over", async () => {
      await using harness = await open();
      await harness.fires("a");
      const lost = await harness.claimOne("gone");
      await harness.clock.advance(leaseMs);
      const taken = await harness.claimOne();
      expect([taken.token === lost.token, taken.event]).toEqual([false, lost.event]);
    });

    test("has a new ID if its content differs, or if an accepted event is sent again", async () => {
      await using harness = await open({ remind: 4 * hour });
      await harness.fires("a", { severity: "warning" });
      const events = [(await harness.attempt(timedOut)).event];
      await harness.fires("a", { severity: "critical" });
      await harness.clock.advance(hour);
      events.push((await harness.attempt()).event);
      await harness.clock.advance(4 * hour);
      await harness.fires("a", { severity: "critical" });
      events.push((await harness.attempt()).event);
      await harness.ends("a");
      events.push((await harness.attempt()).event);
      expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(events.length);
    });

    test("has a new ID if a refused event is tried with other content", async () => {
      await using harness = await open();
      await harness.fires("a");
      const { event } = await harness.attempt(refused);
      await harness.fires("a", { summary: "said better" });
      expect((await harness.attempt()).event).not.toEqual(event);
    });

    test("with an unknown outcome does not make a receiver that recognizes repeats drop the next event", async () => {
      // Every fate of the four attempts: taken or not, and answered or not.
      for (let fates = 0; fates < 256; fates++) {
        await using harness = await open();
        const receiver = new Recogniser();
        const attempt = async (fate: number) => {
          const leases = await harness.claim();
          for (const lease of leases) {
            if (fate % 2 === 1) receiver.hears(lease);
            await harness.settle(lease, fate === 3 ? accepted : timedOut);
          }
        };
        for (const [index, says] of (["fires", "ends", "fires", "ends"] as const).entries()) {
          await harness[says]("a", { startsAtMs: harness.clock.now() });
          await attempt(Math.floor(fates / 4 ** index) % 4);
          await harness.clock.advance(11 * second);
        }
        await harness.fires("a", { startsAtMs: harness.clock.now() });
        for (let round = 0; round < 8; round++) {
          await attempt(3);
          await harness.clock.advance(hour);
        }
        expect([fates, receiver.status]).toEqual([fates, "firing"]);
      }
    });
  });

  const { durable } = subject;
  if (!durable) return;
  test("an event in flight keeps its ID over a restart", async () => {
    await using place = await durable();
    let lost: Lease;
    {
      await using harness = await LedgerHarness.open(place, { targets: [webhook] });
      await harness.fires("a");
      lost = await harness.claimOne();
      // With several owners, the others learn that this one is gone only when its lease expires or it releases its leases.
      if (subject.shared) await harness.ledger.release("worker");
    }
    await using harness = await LedgerHarness.open(place, { targets: [webhook] });
    const again = await harness.claimOne();
    expect([again.action, again.event]).toEqual(["trigger", lost.event]);
  });
}
