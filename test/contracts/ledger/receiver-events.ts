import type { DeliverySettings, Incident, ReceiverEvent, TargetTerms } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { firing } from "../../kit/claims.ts";
import { receiverEventOf } from "../../kit/receiver-event-of.ts";
import { pagerdutyTraits, targetTerms } from "../../kit/target-terms.ts";
import {
  day,
  hour,
  LedgerHarness,
  type LedgerSubject,
  minute,
  second,
  serverError,
  timedOut,
} from "./ledger-harness.ts";

const twoTargets = [targetTerms("pagerduty"), targetTerms("slack")];
const both = { at: ["pagerduty", "slack"] } as const;

interface Given {
  readonly targets?: readonly TargetTerms[];
  readonly settings?: Partial<DeliverySettings>;
}

/** A harness in which receivers report. */
class Reports {
  readonly harness: LedgerHarness;

  constructor(harness: LedgerHarness) {
    this.harness = harness;
  }

  static open = async (subject: LedgerSubject, { targets = twoTargets, settings = {} }: Given = {}): Promise<Reports> =>
    new Reports(await LedgerHarness.open(subject, { targets, settings: { remind: 0, ...settings } }));

  /** By Jane Doe at `pagerduty`, now, unless the test says otherwise. */
  async hears(given: Partial<ReceiverEvent>): Promise<string | undefined> {
    const event = receiverEventOf({ atMs: this.harness.clock.now(), ...given });
    return (await this.harness.ledger.storeReceiverEvents([event]))[0];
  }

  /** Delivers what is due: as `resolve at slack`, in alphabetical order. */
  async sends(ms = 0): Promise<string[]> {
    await this.harness.clock.advance(ms);
    const sent: string[] = [];
    for (let leases = await this.harness.claim(); leases.length > 0; leases = await this.harness.claim())
      for (const lease of leases) {
        sent.push(`${lease.action} at ${lease.target}`);
        await this.harness.settle(lease);
      }
    return sent.toSorted();
  }

  async at(target: string): Promise<Incident> {
    const found = (await this.harness.views()).find(({ incident }) => incident.target === target);
    if (!found) throw new Error(`there is no incident at ${target}`);
    return found.incident;
  }

  async history(target: string): Promise<string[]> {
    const { id } = await this.at(target);
    return ((await this.harness.ledger.incident(id))?.history ?? []).map(({ what }) => what);
  }

  [Symbol.asyncDispose] = (): PromiseLike<void> => this.harness[Symbol.asyncDispose]();
}

/** Events that receivers report: stored once, and applied to the incidents of their alerts at all targets. */
export function receiverEvents(subject: LedgerSubject): void {
  describe("an acknowledgement at a receiver", () => {
    test("is sent to the other targets, and not back", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      const atMs = reports.harness.clock.now();
      expect(await reports.hears({})).toBe("applied");
      expect(await reports.sends()).toEqual(["acknowledge at slack"]);
      for (const target of both.at)
        expect(await reports.at(target)).toMatchObject({
          state: "told",
          wanted: { acknowledged: true },
          told: { event: "acknowledge", certain: true },
          acknowledgedBy: { by: "Jane Doe", atMs },
        });
      expect(await reports.history("slack")).toContain("acknowledged by Jane Doe at pagerduty");
    });

    test("that arrives before the answer to the trigger is not sent back either", async () => {
      await using reports = await Reports.open(subject, { targets: [targetTerms("pagerduty")] });
      await reports.harness.fires("a");
      const lease = await reports.harness.claimOne();
      expect(await reports.hears({})).toBe("applied");
      await reports.harness.settle(lease);
      expect(await reports.sends()).toEqual([]);
      expect((await reports.at("pagerduty")).told).toMatchObject({ event: "acknowledge", certain: true });
    });

    // Only a virtual clock can be compared or moved.
    test.runIf(subject.virtualTime)(
      "does not count as the delivery of a trigger whose answer was lost: it is sent again",
      async () => {
        await using reports = await Reports.open(subject, { targets: [targetTerms("pagerduty")] });
        await reports.harness.fires("a");
        await reports.harness.attempt(timedOut);
        await reports.hears({});
        expect(await reports.sends(minute)).toEqual(["trigger at pagerduty"]);
        expect((await reports.at("pagerduty")).told).toMatchObject({ event: "acknowledge", certain: true });
      },
    );

    test("in a message of ours is sent back, so that the message shows it", async () => {
      const traits = { ...pagerdutyTraits, stateless: true, keepsReceipt: true } as const;
      await using reports = await Reports.open(subject, {
        targets: [targetTerms("pagerduty"), targetTerms("slack", { traits })],
      });
      await reports.harness.fires("a", both);
      await reports.sends();
      const button = { targets: ["slack"], receiverIncident: "1", by: "Joe" };
      expect(await reports.hears({ ...button, receiverIncident: "another message" })).toBe("outdated");
      expect(await reports.hears(button)).toBe("applied");
      expect(await reports.sends()).toEqual(["acknowledge at pagerduty", "acknowledge at slack"]);
      await reports.harness.clock.advance(second);
      expect(await reports.hears({ ...button, kind: "resolved" })).toBe("applied");
      expect(await reports.sends()).toEqual(["resolve at pagerduty", "resolve at slack"]);
    });

    test("is not sent to an incident that also has other firing alerts", async () => {
      await using reports = await Reports.open(subject);
      const [group] = [{ target: "slack", dedupKey: "group", severity: "error", summary: "" }] as const;
      const alone = { ...group, target: "pagerduty", dedupKey: "a" };
      await reports.harness.ledger.record([
        { claim: firing("a"), routes: [alone, group] },
        { claim: firing("b"), routes: [group] },
      ]);
      await reports.sends();
      await reports.hears({});
      expect((await reports.at("pagerduty")).wanted.acknowledged).toBe(true);
      expect((await reports.at("slack")).wanted.acknowledged).toBe(false);
    });

    test("is withdrawn by the receiver: at all targets", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      await reports.hears({});
      await reports.sends();
      await reports.harness.clock.advance(minute);
      expect(await reports.hears({ kind: "unacknowledged" })).toBe("applied");
      expect(await reports.sends()).toEqual([]);
      for (const target of both.at) {
        expect((await reports.at(target)).wanted.acknowledged).toBe(false);
        expect(await reports.at(target)).not.toHaveProperty("acknowledgedBy");
      }
      await reports.harness.clock.advance(minute);
      await reports.hears({ targets: ["slack"], by: "Joe" });
      expect(await reports.sends()).toEqual(["acknowledge at pagerduty"]);
    });

    test("through the API is sent to all targets", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      expect(await reports.harness.ledger.acknowledge((await reports.at("slack")).id, "ann")).toBe(true);
      expect(await reports.sends()).toEqual(["acknowledge at pagerduty", "acknowledge at slack"]);
      expect((await reports.at("pagerduty")).acknowledgedBy?.by).toBe("ann");
    });
  });

  describe("an event of a receiver", () => {
    test("counts once", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      const event = receiverEventOf({ atMs: reports.harness.clock.now() });
      expect(await reports.harness.ledger.storeReceiverEvents([event, event])).toEqual(["applied", "duplicate"]);
      expect(await reports.harness.ledger.storeReceiverEvents([event, { ...event, callback: "other" }])).toEqual([
        "duplicate",
        "outdated",
      ]);
      expect((await reports.history("pagerduty")).filter((what) => what.startsWith("acknowledged"))).toHaveLength(1);
    });

    test("is unknown if no incident has its key, and then counts once too", async () => {
      await using reports = await Reports.open(subject);
      const event = receiverEventOf({ dedupKeys: ["other"] });
      expect(await reports.harness.ledger.storeReceiverEvents([event])).toEqual(["unknown"]);
      expect(await reports.harness.ledger.storeReceiverEvents([event])).toEqual(["duplicate"]);
      expect(await reports.harness.ledger.pendingReceiverEvents(10)).toEqual({ events: [], nextAtMs: null });
    });

    test("waits until its keys are looked up", async () => {
      await using reports = await Reports.open(subject);
      const { ledger, clock } = reports.harness;
      await reports.harness.fires("a", both);
      await reports.sends();
      const one = receiverEventOf({ dedupKeys: [], lookUp: true, atMs: clock.now(), id: "one\0\u{D800}" });
      const two = receiverEventOf({ dedupKeys: ["other"], lookUp: true, atMs: clock.now() });
      expect(await ledger.storeReceiverEvents([one, two])).toEqual(["pending", "pending"]);
      expect((await ledger.pendingReceiverEvents(1)).events).toHaveLength(1);
      expect((await ledger.pendingReceiverEvents(10)).events.toSorted(byId)).toEqual([one, two].toSorted(byId));
      await ledger.postponeReceiverEvent(two.callback, two.id, hour);
      const { events, nextAtMs } = await ledger.pendingReceiverEvents(10);
      expect(events).toEqual([one]);
      expect(nextAtMs).toBeGreaterThanOrEqual(clock.now() + hour);
      expect(await ledger.applyReceiverEvent(one.callback, one.id, ["a"])).toBe("applied");
      expect(await ledger.applyReceiverEvent(one.callback, one.id, ["a"])).toBe("duplicate");
      expect(await ledger.applyReceiverEvent(two.callback, two.id, ["nobody's"])).toBe("unknown");
      expect(await ledger.storeReceiverEvents([one, two])).toEqual(["duplicate", "duplicate"]);
      expect(await ledger.pendingReceiverEvents(10)).toEqual({ events: [], nextAtMs: null });
      expect(await reports.sends()).toEqual(["acknowledge at slack"]);
    });

    // Only a virtual clock can be compared or moved.
    test.runIf(subject.virtualTime)(
      "of our own action changes what is known about the receiver, and nothing else",
      async () => {
        await using reports = await Reports.open(subject);
        await reports.harness.fires("a", both);
        await reports.sends();
        const confirmedAtMs = reports.harness.clock.now();
        for (const [kind, is] of [
          ["opened", "open"],
          ["acknowledged", "acknowledged"],
          ["resolved", "resolved"],
        ] as const) {
          expect(await reports.hears({ kind, own: true, receiverIncident: "P1" })).toBe("applied");
          expect((await reports.at("pagerduty")).receiver).toMatchObject({
            incident: "P1",
            confirmedAtMs,
            status: { is },
          });
          await reports.harness.clock.advance(second);
        }
        expect(await reports.sends()).toEqual([]);
        expect(await reports.at("pagerduty")).toMatchObject({ wanted: { status: "firing", acknowledged: false } });
        expect(await reports.history("pagerduty")).toContain("resolved by tocsin at pagerduty");
      },
    );

    test("that is a note appears in the history", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      const { id } = await reports.at("pagerduty");
      expect(await reports.hears({ kind: "noted", detail: "restarted it" })).toBe("applied");
      expect((await reports.harness.ledger.incident(id))?.history.at(-1)).toMatchObject({
        what: "noted by Jane Doe at pagerduty",
        // The time is there if it is not that of the report.
        detail: expect.stringMatching(/^restarted it/) as string,
      });
    });
  });

  if (subject.virtualTime) inTime(subject);
  const { durable } = subject;
  if (!durable) return;
  test("an event that was stored is known after a restart", async () => {
    await using place = await durable();
    const event = receiverEventOf({ lookUp: true });
    {
      await using reports = new Reports(await LedgerHarness.open(place));
      expect(await reports.harness.ledger.storeReceiverEvents([event])).toEqual(["pending"]);
    }
    await using harness = await LedgerHarness.open(place);
    expect(await harness.ledger.storeReceiverEvents([event])).toEqual(["duplicate"]);
    expect((await harness.ledger.pendingReceiverEvents(10)).events).toEqual([event]);
  });
}

const byId = (a: ReceiverEvent, b: ReceiverEvent): number => (a.id < b.id ? -1 : 1);

function inTime(subject: LedgerSubject): void {
  describe("an acknowledgement at a receiver in time", () => {
    test("stops reminders and the fallback", async () => {
      const fallback = { target: "phone", afterMs: 2 * minute };
      const targets = [targetTerms("pagerduty", { fallback }), targetTerms("slack"), targetTerms("phone")];
      await using reports = await Reports.open(subject, { targets, settings: { remind: hour } });
      await reports.harness.fires("a", { ...both, severity: "critical" });
      for (const lease of await reports.harness.claim())
        await reports.harness.settle(lease, lease.target === "slack" ? undefined : serverError);
      await reports.hears({ targets: ["slack"] });
      const failing = async (): Promise<string[]> => {
        const leases = await reports.harness.claim();
        for (const lease of leases) await reports.harness.settle(lease, serverError);
        return leases.map(({ target }) => target);
      };
      for (let passed = 0; passed < 10; passed++) {
        await reports.harness.clock.advance(minute);
        expect(await failing()).not.toContain("phone");
      }
      await reports.sends(10 * minute);
      for (let passed = 0; passed < 8; passed++) {
        await reports.harness.fires("a", { ...both, severity: "critical" });
        expect(await reports.sends(hour / 2)).toEqual([]);
      }
    });

    test("from before a higher severity does not count", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", { ...both, severity: "warning" });
      await reports.sends();
      const atMs = reports.harness.clock.now() + second;
      await reports.harness.clock.advance(minute);
      await reports.harness.fires("a", { ...both, severity: "critical" });
      await reports.sends();
      await reports.harness.clock.advance(minute);
      await reports.hears({ atMs });
      expect(await reports.sends()).toEqual([]);
      expect((await reports.at("pagerduty")).wanted.acknowledged).toBe(false);
    });

    test("is cleared by a higher severity, with the name", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", { ...both, severity: "warning" });
      await reports.sends();
      await reports.hears({});
      await reports.sends(minute);
      await reports.harness.fires("a", { ...both, severity: "critical" });
      expect(await reports.sends()).toEqual(["trigger at pagerduty", "trigger at slack"]);
      expect(await reports.at("slack")).not.toHaveProperty("acknowledgedBy");
    });

    test("of the last episode does not count in this one, though it arrives two days late", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      const atMs = reports.harness.clock.now() + minute;
      await reports.harness.clock.advance(hour);
      await reports.harness.ends("a", both);
      await reports.sends();
      await reports.harness.clock.advance(hour);
      await reports.harness.fires("a", { ...both, startsAtMs: reports.harness.clock.now() });
      await reports.sends();
      await reports.hears({ kind: "opened", receiverIncident: "P2", openedAtMs: reports.harness.clock.now() });
      await reports.harness.clock.advance(2 * day);
      expect(await reports.hears({ atMs })).toBe("outdated");
      expect(await reports.hears({ atMs: reports.harness.clock.now(), receiverIncident: "P1", openedAtMs: atMs })).toBe(
        "outdated",
      );
      expect((await reports.at("pagerduty")).wanted.acknowledged).toBe(false);
      expect((await reports.at("pagerduty")).receiver?.incident).toBe("P2");
    });

    test("of two people: the last one counts, in whichever order they are reported", async () => {
      for (const isReversed of [false, true]) {
        await using reports = await Reports.open(subject);
        await reports.harness.fires("a", both);
        await reports.sends(minute);
        const atMs = reports.harness.clock.now();
        await reports.harness.clock.advance(hour);
        const events = [
          receiverEventOf({ targets: ["slack"], by: "Joe", atMs }),
          receiverEventOf({ by: "Jane", atMs: atMs + second }),
          receiverEventOf({ targets: ["slack"], kind: "unacknowledged", atMs: atMs - second }),
        ];
        await reports.harness.ledger.storeReceiverEvents(isReversed ? events.toReversed() : events);
        for (const target of both.at) expect((await reports.at(target)).acknowledgedBy?.by).toBe("Jane");
      }
    });
  });

  describe("a resolve at a receiver while the alert fires", () => {
    test("is sent to the other targets, not back, and holds for an hour; then a repeat opens it again", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      await reports.harness.clock.advance(minute);
      expect(await reports.hears({ kind: "resolved" })).toBe("applied");
      expect(await reports.sends()).toEqual(["resolve at slack"]);
      for (const target of both.at) expect((await reports.at(target)).state).toBe("closed");
      for (let passed = 0; passed < 59; passed++) {
        await reports.harness.clock.advance(minute);
        await reports.harness.fires("a", both);
        expect(await reports.sends()).toEqual([]);
      }
      await reports.harness.clock.advance(minute);
      await reports.harness.fires("a", both);
      expect(await reports.sends()).toEqual(["trigger at pagerduty", "trigger at slack"]);
    });

    test("with the policy `stay` holds until the alert ends, also for alerts that fire as long as they like", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      await reports.hears({ kind: "resolved", onResolve: "stay" });
      expect(await reports.sends()).toEqual(["resolve at slack"]);
      for (let passed = 0; passed < 20; passed++) {
        await reports.harness.fires("a", both);
        expect(await reports.sends(hour)).toEqual([]);
      }
      await reports.harness.ends("a", both);
      expect(await reports.sends(minute)).toEqual([]);
      await reports.harness.fires("a", { ...both, startsAtMs: reports.harness.clock.now() });
      expect(await reports.sends()).toEqual(["trigger at pagerduty", "trigger at slack"]);
    });

    test("with the policy `stay` does not hold back the next episode, whatever start its sender gives it", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      await reports.hears({ kind: "resolved", onResolve: "stay" });
      await reports.sends(minute);
      await reports.harness.fires("a", both);
      await reports.harness.ends("a", both);
      await reports.harness.fires("a", both);
      expect(await reports.sends(minute)).toEqual(["trigger at pagerduty", "trigger at slack"]);
    });

    test("with the policy `stay` holds a group until its last alert ends", async () => {
      await using reports = await Reports.open(subject);
      const group = { ...both, dedupKey: "group" };
      for (const name of ["a", "b"]) await reports.harness.fires(name, group);
      await reports.sends(minute);
      await reports.hears({ kind: "resolved", onResolve: "stay", dedupKeys: ["group"] });
      expect(await reports.sends()).toEqual(["resolve at slack"]);
      await reports.harness.fires("b", group);
      await reports.harness.fires("a", group);
      await reports.harness.ends("a", group);
      await reports.harness.clock.advance(2 * hour);
      await reports.harness.fires("b", group);
      expect(await reports.sends()).toEqual([]);
      await reports.harness.fires("c", { ...group, startsAtMs: reports.harness.clock.now() });
      expect(await reports.sends()).toEqual(["trigger at pagerduty", "trigger at slack"]);
    });

    test("by an automation counts like a person's, with the callback's name", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      const { by: _, ...event } = receiverEventOf({ kind: "resolved", atMs: reports.harness.clock.now() });
      await reports.harness.ledger.storeReceiverEvents([event]);
      expect(await reports.sends()).toEqual(["resolve at slack"]);
      expect(await reports.history("slack")).toContain("resolved by pd at pagerduty");
    });

    test("that is reported late holds from its own time", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      const atMs = reports.harness.clock.now();
      await reports.harness.clock.advance(50 * minute);
      await reports.hears({ kind: "resolved", atMs });
      await reports.sends();
      await reports.harness.clock.advance(5 * minute);
      await reports.harness.fires("a", both);
      expect(await reports.sends()).toEqual([]);
      await reports.harness.clock.advance(5 * minute);
      await reports.harness.fires("a", both);
      expect(await reports.sends()).toEqual(["trigger at pagerduty", "trigger at slack"]);
    });

    test("does not count if a trigger has opened it again since", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", { ...both, severity: "warning" });
      await reports.sends(minute);
      const atMs = reports.harness.clock.now();
      await reports.harness.clock.advance(10 * minute);
      await reports.harness.fires("a", { ...both, severity: "critical" });
      await reports.sends(minute);
      expect(await reports.hears({ kind: "resolved", atMs })).toBe("outdated");
      expect(await reports.sends()).toEqual([]);
      expect((await reports.at("pagerduty")).state).toBe("told");
    });

    test("is followed by a resolve if a trigger was on its way and opened another incident", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends();
      const openedAtMs = reports.harness.clock.now();
      await reports.hears({ kind: "opened", own: true, receiverIncident: "P1", openedAtMs });
      await reports.harness.clock.advance(minute);
      await reports.hears({ kind: "resolved", receiverIncident: "P1", openedAtMs });
      await reports.sends(second);
      const later = reports.harness.clock.now();
      await reports.hears({ kind: "opened", by: "API", receiverIncident: "P2", openedAtMs: later });
      expect(await reports.sends()).toEqual(["resolve at pagerduty"]);
    });

    test("is undone by a person there: it is open again at all targets, and not sent back", async () => {
      for (const isDelivered of [true, false]) {
        await using reports = await Reports.open(subject);
        await reports.harness.fires("a", both);
        await reports.sends(minute);
        await reports.hears({ kind: "resolved", receiverIncident: "P1" });
        if (isDelivered) await reports.sends();
        await reports.harness.clock.advance(minute);
        expect(await reports.hears({ kind: "reopened", receiverIncident: "P1" })).toBe("applied");
        expect(await reports.sends()).toEqual(isDelivered ? ["trigger at slack"] : []);
        for (const target of both.at) expect(await reports.at(target)).toMatchObject({ state: "told" });
        await reports.harness.clock.advance(minute);
        await reports.hears({ receiverIncident: "P1" });
        expect(await reports.sends()).toEqual(["acknowledge at slack"]);
        await reports.harness.fires("a", both);
        await reports.harness.ends("a", both);
        expect(await reports.sends()).toEqual(["resolve at pagerduty", "resolve at slack"]);
      }
    });

    test("is undone by a person at a target to which it was sent, though the clock there is behind", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      await reports.hears({ kind: "resolved", atMs: reports.harness.clock.now() + 2 * second });
      expect(await reports.sends()).toEqual(["resolve at slack"]);
      await reports.harness.clock.advance(second);
      const atMs = reports.harness.clock.now() - 2 * second;
      await reports.hears({ kind: "reopened", targets: ["slack"], atMs });
      expect(await reports.sends()).toEqual(["trigger at pagerduty"]);
      for (const target of both.at) expect((await reports.at(target)).state).toBe("told");
    });

    test("that was undone and is reported afterwards changes nothing", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      const atMs = reports.harness.clock.now();
      await reports.harness.clock.advance(minute);
      await reports.hears({ kind: "reopened", atMs: atMs + second });
      expect(await reports.hears({ kind: "resolved", atMs })).toBe("outdated");
      expect(await reports.sends()).toEqual([]);
      expect((await reports.at("slack")).state).toBe("told");
    });

    test("is not undone if the alert has ended meanwhile", async () => {
      await using reports = await Reports.open(subject);
      await reports.harness.fires("a", both);
      await reports.sends(minute);
      await reports.hears({ kind: "resolved" });
      await reports.sends();
      await reports.harness.ends("a", both);
      await reports.harness.clock.advance(minute);
      await reports.hears({ kind: "reopened" });
      expect(await reports.sends(hour)).toEqual([]);
    });
  });

  test("1,000 actions of two people at two targets cause the events that they need, and no echo", async () => {
    await using reports = await Reports.open(subject);
    await reports.harness.fires("a", both);
    await reports.sends();
    let [acknowledged, sentInAll] = [false, 0];
    for (let action = 0; action < 1_000; action++) {
      await reports.harness.clock.advance(second);
      const [here, other] = action % 2 === 0 ? ["pagerduty", "slack"] : ["slack", "pagerduty"];
      // Three people in four acknowledge, so most actions change nothing.
      const kind = action % 8 < 6 ? "acknowledged" : "unacknowledged";
      const atMs = reports.harness.clock.now();
      await reports.hears({ targets: [here], kind, atMs });
      const sent = await reports.sends();
      const isNews = kind === "acknowledged" && !acknowledged;
      expect([action, ...sent]).toEqual(isNews ? [action, `acknowledge at ${other}`] : [action]);
      acknowledged = kind === "acknowledged";
      sentInAll += sent.length;
      await reports.hears({ targets: [other], own: true, kind, atMs: atMs + 1 });
      expect(await reports.sends()).toEqual([]);
    }
    expect(sentInAll).toBe(125);
  });

  test("two people who act at the same moment, 500 times: an event to each at most, and equal states", async () => {
    await using reports = await Reports.open(subject);
    await reports.harness.fires("a", both);
    await reports.sends();
    let sentInAll = 0;
    for (let round = 0; round < 500; round++) {
      await reports.harness.clock.advance(2 * second);
      const atMs = reports.harness.clock.now();
      const kinds = round % 2 === 0 ? (["acknowledged", "resolved"] as const) : (["reopened", "acknowledged"] as const);
      const [one, two] = kinds.map((kind, n) => receiverEventOf({ targets: [both.at[n] as string], kind, atMs }));
      const events = [one, two] as ReceiverEvent[];
      await reports.harness.ledger.storeReceiverEvents(round % 4 < 2 ? events : events.toReversed());
      const sent = await reports.sends();
      expect(new Set(sent).size).toBe(sent.length);
      sentInAll += sent.length;
      expect(await reports.sends(second)).toEqual([]);
      if (round % 50 > 1) continue;
      const wanted = await Promise.all(both.at.map(async (target) => (await reports.at(target)).wanted.status));
      expect([round, ...wanted]).toEqual([round, wanted[0], wanted[0]]);
    }
    // One a round: a resolve or a trigger to the other target.
    expect(sentInAll).toBe(500);
  });

  test("an event that was stored is forgotten after a week, and not before", async () => {
    await using reports = await Reports.open(subject);
    const event = receiverEventOf({});
    const forget = () => reports.harness.ledger.deleteExpired(0, 0);
    await reports.harness.ledger.storeReceiverEvents([event]);
    await reports.harness.clock.advance(7 * day - second);
    expect(await forget()).toBe(0);
    expect(await reports.harness.ledger.storeReceiverEvents([event])).toEqual(["duplicate"]);
    await reports.harness.clock.advance(2 * second);
    expect(await forget()).toBe(1);
    expect(await forget()).toBe(0);
    expect(await reports.harness.ledger.storeReceiverEvents([event])).toEqual(["unknown"]);
  });
}
