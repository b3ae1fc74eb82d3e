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
  Stage,
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
export function tellingEvents(subject: LedgerSubject): void {
  if (!subject.virtualTime) return;
  const open = (settings = {}) => Stage.open(subject, { targets: [webhook], settings });

  describe("who speaks of an alert", () => {
    test("is said with what is told: the address where there is one, else the source", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { source: "alertmanager" });
      expect((await stage.attempt()).sender).toBe("alertmanager");
      await stage.fires("b", { source: "prometheus", sender: "10.0.0.1", endsAtMs: stage.clock.now() + 60_000 });
      expect((await stage.attempt()).sender).toBe("10.0.0.1");
    });
  });

  describe("an event", () => {
    test("is the same in all its attempts, and says when it was attempted first", async () => {
      await using stage = await open();
      await stage.fires("a");
      const first = await stage.attempt(timedOut);
      expect(first.event).toEqual({ token: first.token, atMs: stage.clock.now() });
      for (const outcome of [serverError, timedOut, accepted]) {
        await stage.clock.advance(hour);
        expect((await stage.attempt(outcome)).event).toEqual(first.event);
      }
    });

    test("is the same when another owner takes over", async () => {
      await using stage = await open();
      await stage.fires("a");
      const lost = await stage.claimOne("gone");
      await stage.clock.advance(leaseMs);
      const taken = await stage.claimOne();
      expect([taken.token === lost.token, taken.event]).toEqual([false, lost.event]);
    });

    test("is another one when it says something else, or again what was accepted", async () => {
      await using stage = await open({ remind: 4 * hour });
      await stage.fires("a", { severity: "warning" });
      const events = [(await stage.attempt(timedOut)).event];
      await stage.fires("a", { severity: "critical" });
      await stage.clock.advance(hour);
      events.push((await stage.attempt()).event);
      await stage.clock.advance(4 * hour);
      await stage.fires("a", { severity: "critical" });
      events.push((await stage.attempt()).event);
      await stage.ends("a");
      events.push((await stage.attempt()).event);
      expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(events.length);
    });

    test("that was refused is not the one that is tried with other content", async () => {
      await using stage = await open();
      await stage.fires("a");
      const { event } = await stage.attempt(refused);
      await stage.fires("a", { summary: "said better" });
      expect((await stage.attempt()).event).not.toEqual(event);
    });

    test("of unknown fate does not hide the one after it from a receiver that recognises repeats", async () => {
      // Every fate of the four attempts: taken or not, and answered or not.
      for (let fates = 0; fates < 256; fates++) {
        await using stage = await open();
        const receiver = new Recogniser();
        const attempt = async (fate: number) => {
          const leases = await stage.claim();
          for (const lease of leases) {
            if (fate % 2 === 1) receiver.hears(lease);
            await stage.settle(lease, fate === 3 ? accepted : timedOut);
          }
        };
        for (const [index, says] of (["fires", "ends", "fires", "ends"] as const).entries()) {
          await stage[says]("a", { startsAtMs: stage.clock.now() });
          await attempt(Math.floor(fates / 4 ** index) % 4);
          await stage.clock.advance(11 * second);
        }
        await stage.fires("a", { startsAtMs: stage.clock.now() });
        for (let round = 0; round < 8; round++) {
          await attempt(3);
          await stage.clock.advance(hour);
        }
        expect([fates, receiver.status]).toEqual([fates, "firing"]);
      }
    });
  });

  const { durable } = subject;
  if (!durable) return;
  test("an event under way is the same after a restart", async () => {
    await using place = await durable();
    let lost: Lease;
    {
      await using stage = await Stage.open(place, { targets: [webhook] });
      await stage.fires("a");
      lost = await stage.claimOne();
      // Where several own the rows, nobody knows that this one is gone until its lease ends or it says so.
      if (subject.shared) await stage.ledger.release("worker");
    }
    await using stage = await Stage.open(place, { targets: [webhook] });
    const again = await stage.claimOne();
    expect([again.action, again.event]).toEqual(["trigger", lost.event]);
  });
}
