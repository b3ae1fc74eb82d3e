import type { ArrivedVerdict, EpisodeVerdict, ProposedClassification, Recorded, Route } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { alertOf, firing, resolved, routeTo, type Saying } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";
import {
  accepted,
  type Durable,
  hour,
  type LedgerSubject,
  LedgerHarness,
  minute,
  quickSettings,
  second,
  serverError,
} from "./ledger-harness.ts";

const verdict = (severity: EpisodeVerdict["severity"], more: Partial<EpisodeVerdict> = {}): EpisodeVerdict => ({
  severity,
  confidence: 0.9,
  reasoning: "the disk is full",
  recommendations: ["delete files"],
  category: "capacity",
  model: "m",
  provider: "openai",
  ...more,
});

type How = Omit<Partial<Route>, "target"> & Saying & { readonly at?: readonly string[] };

const routesTo = (name: string, { at = ["pagerduty"], ...how }: How): Route[] =>
  at.map((target) => ({
    ...routeTo(target, alertOf(name), how),
    ...(how.byVerdict && { byVerdict: how.byVerdict }),
    ...(how.waitMs !== undefined && { waitMs: how.waitMs }),
  }));

/** A firing that was classified like this. */
async function fires(
  { ledger }: LedgerHarness,
  name: string,
  classification: ProposedClassification,
  how: How = {},
): Promise<Recorded> {
  const waitMs = how.waitMs ?? ("waitMs" in classification ? classification.waitMs : undefined);
  const routes = routesTo(name, { ...how, ...(waitMs !== undefined && { waitMs }) });
  const [recorded] = await ledger.record([{ claim: firing(name, how), routes, classification }]);
  return recorded as Recorded;
}

const ends = ({ ledger }: LedgerHarness, name: string, how: Saying = {}) =>
  ledger.record([{ claim: resolved(name, how), routes: [] }]);

const wait: ProposedClassification = { waitMs: 5 * second };

/** The result for an episode arrives. */
async function arrives(
  { ledger }: LedgerHarness,
  name: string,
  { classification }: Pick<Recorded, "classification">,
  { result, ...how }: How & Pick<ArrivedVerdict, "result"> & Partial<Pick<ArrivedVerdict, "suppressedAt">>,
) {
  const { suppressedAt } = how;
  const [effect] = await ledger.applyVerdicts([
    {
      fingerprint: name,
      atMs: classification?.atMs ?? 0,
      result,
      routes: routesTo(name, how),
      ...(suppressedAt && { suppressedAt }),
    },
  ]);
  return effect;
}

const absent = { absent: "failed" } as const;
const noise = { result: { verdict: verdict("noise") }, at: [], suppressedAt: ["pagerduty"] };

const stored = async ({ ledger }: LedgerHarness, name: string) => (await ledger.alert(name))?.classification;

/** Incidents that wait for a verdict. */
export function candidates(subject: LedgerSubject): void {
  waits(subject);
  arrivals(subject);
  episodes(subject);
  groups(subject);
  people(subject);
  if (subject.durable) restarts(subject.durable);
}

function waits(subject: LedgerSubject): void {
  describe("an incident that waits for a verdict", () => {
    test("holds no lease before its deadline, and is sent at it as its label says", async () => {
      await using harness = await LedgerHarness.open(subject);
      const { classification } = await fires(harness, "a", wait);
      const { atMs = 0, untilMs = 0 } = classification ?? {};
      expect(untilMs - atMs).toBe(5 * second);
      expect(await harness.stands()).toEqual(["candidate waiting_classification"]);
      const request = { owner: "w", max: 9, concurrency: 9, leaseMarginMs: 0, ahead: { targets: [], factor: 1 } };
      expect(await harness.ledger.leaseDue(request)).toMatchObject({ leases: [], nextAtMs: untilMs });
      expect(await harness.after(5 * second - 1)).toEqual([]);
      const [status] = await harness.ledger.targetStatus();
      expect(status?.limiter.used).toBe(0);
      await harness.clock.advance(1);
      expect(await harness.stands()).toEqual(["due waiting_turn"]);
      await fires(harness, "a", wait, { severity: "warning" });
      expect((await harness.ledger.incidents({ state: "due", limit: 9 })).incidents).toHaveLength(1);
      const lease = await harness.attempt();
      expect(lease).toMatchObject({ action: "trigger", severity: "warning" });
      expect(lease).not.toHaveProperty("verdict");
      expect(await harness.newest()).not.toHaveProperty("verdictUntilMs");
      expect(await stored(harness, "a")).toEqual({ atMs, absent: "late" });
    });

    test("is counted as a candidate, and is found by that state", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", wait);
      const { rows } = await harness.ledger.summary(5);
      expect(rows).toEqual([{ target: "pagerduty", state: "candidate", reason: "waiting_classification", count: 1 }]);
      const { incidents } = await harness.ledger.incidents({ state: "candidate", limit: 9 });
      expect(incidents).toHaveLength(1);
    });

    test("waits no longer because its alert repeats or its target changes", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", wait);
      await harness.clock.advance(3 * second);
      await fires(harness, "a", wait);
      const page = await harness.ledger.firing({ limit: 9 });
      await harness.ledger.useTargets([targetTerms("pagerduty", { credential: "other" })]);
      const [{ classification } = {}] = page;
      await harness.ledger.reroute([
        {
          fingerprint: "a",
          routes: routesTo("a", { waitMs: 5 * second }),
          ...(classification && { classification }),
        },
      ]);
      expect(await harness.after(2 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
    });

    test("waits at each target for as long as its route says", async () => {
      const targets = ["pagerduty", "chat", "mail"].map((name) => targetTerms(name));
      await using harness = await LedgerHarness.open(subject, { targets });
      const routes = [
        ...routesTo("a", { waitMs: second, severity: "critical" }),
        ...routesTo("a", { at: ["chat"], waitMs: 5 * second }),
        ...routesTo("a", { at: ["mail"] }),
      ];
      await harness.ledger.record([{ claim: firing("a"), routes, classification: wait }]);
      const sent = async () =>
        await Promise.all((await harness.claim()).map(async (one) => (await harness.settle(one), one.target)));
      expect(await sent()).toEqual(["mail"]);
      await harness.clock.advance(second);
      expect(await sent()).toEqual(["pagerduty"]);
      await harness.clock.advance(4 * second);
      expect(await sent()).toEqual(["chat"]);
    });

    test.each([
      ["never", []],
      ["always", ["trigger a", "resolve a"]],
    ] as const)("is judged by its label if its alert ends: page_resolved %s", async (pageResolved, events) => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { pageResolved })],
      });
      await fires(harness, "a", wait);
      await ends(harness, "a");
      expect(await harness.tell()).toEqual(events);
      expect(await harness.after(minute)).toEqual([]);
    });

    test("is not sent if its target is disabled meanwhile", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", wait);
      await harness.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      expect(await harness.stands()).toEqual(["not_told target_disabled"]);
      expect(await harness.after(minute)).toEqual([]);
    });

    test("does not wait at a fallback, which gets it if its target fails", async () => {
      const fallback = { target: "fallback", afterMs: 2 * minute };
      const targets = [targetTerms("pagerduty", { fallback }), targetTerms("fallback")];
      await using harness = await LedgerHarness.open(subject, { targets });
      await fires(harness, "a", wait, { severity: "critical" });
      await harness.clock.advance(5 * second);
      await harness.attempt(serverError);
      await harness.clock.advance(2 * minute);
      const leases = await harness.claim();
      expect(leases.map(({ target }) => target)).toContain("fallback");
    });
  });
}

function arrivals(subject: LedgerSubject): void {
  describe("a verdict that arrives in time", () => {
    test("is sent at once, with the severity that it gives", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait);
      await harness.clock.advance(second);
      const given = verdict("critical");
      expect(
        await arrives(harness, "a", recorded, {
          result: { verdict: given },
          severity: "critical",
          byVerdict: "raised",
        }),
      ).toBe("used");
      expect(await harness.stands()).toEqual(["due waiting_turn"]);
      const { atMs } = recorded.classification ?? {};
      expect(await stored(harness, "a")).toEqual({ atMs, verdict: given });
      const lease = await harness.attempt();
      expect(lease).toMatchObject({ severity: "critical", verdict: given, byVerdict: "raised" });
    });

    test("and that nobody need act on is not sent, and says why", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait);
      expect(await arrives(harness, "a", recorded, noise)).toBe("used");
      expect(await harness.stands()).toEqual(["not_told suppressed_noise"]);
      expect(await harness.after(minute)).toEqual([]);
      await fires(harness, "a", { verdict: verdict("noise") }, { at: [] });
      expect(await harness.stands()).toEqual(["not_told suppressed_noise"]);
      await fires(harness, "a", { verdict: verdict("critical") }, { severity: "critical" });
      expect(await harness.stands()).toEqual(["not_told suppressed_noise"]);
      await ends(harness, "a");
      expect(await harness.after(minute)).toEqual([]);
    });

    test("is not suppressed where only a filter stops it", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait);
      await arrives(harness, "a", recorded, { result: { verdict: verdict("info") }, at: [] });
      expect(await harness.stands()).toEqual(["not_told filtered"]);
    });

    test("is kept for an alert that is sent nowhere", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait, { at: [] });
      expect(await arrives(harness, "a", recorded, { ...noise, suppressedAt: ["pagerduty"] })).toBe("used");
      expect((await harness.ledger.explain("a"))?.alert.classification).toMatchObject({
        verdict: { severity: "noise" },
      });
    });

    test("opens an incident where only the verdict lets the alert pass", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait, { at: [] });
      await arrives(harness, "a", recorded, { result: { verdict: verdict("critical") }, severity: "critical" });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("ends the wait at once if there will be none", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait);
      expect(await arrives(harness, "a", recorded, { result: absent, waitMs: 5 * second })).toBe("used");
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await stored(harness, "a")).toMatchObject({ absent: "failed" });
    });
  });

  describe("a verdict that arrives too late", () => {
    test("is kept as unused, and changes nothing that is sent", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait);
      expect(await harness.after(5 * second)).toEqual(["trigger a"]);
      expect(await arrives(harness, "a", recorded, noise)).toBe("unused");
      const { atMs } = recorded.classification ?? {};
      expect(await stored(harness, "a")).toEqual({ atMs, absent: "late", unused: verdict("noise") });
      expect(await harness.stands()).toEqual(["told delivered"]);
    });

    test("is unused if nothing waited for it", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", { absent: "shadow" });
      expect(await arrives(harness, "a", recorded, noise)).toBe("unused");
      expect(await stored(harness, "a")).toMatchObject({ absent: "shadow", unused: { severity: "noise" } });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("changes nothing if its episode is over, or another one has begun", async () => {
      await using harness = await LedgerHarness.open(subject);
      const first = await fires(harness, "a", wait);
      await ends(harness, "a");
      expect(await arrives(harness, "a", first, noise)).toBe("over");
      await harness.clock.advance(minute);
      await fires(harness, "a", wait, { startsAtMs: harness.clock.now() });
      expect(await arrives(harness, "a", first, noise)).toBe("over");
      expect(await harness.stands()).toEqual(["candidate waiting_classification"]);
      expect(await arrives(harness, "unknown", first, noise)).toBe("over");
    });

    test("is shown with what it changed, also if the severity was right already", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait, { waitMs: second });
      expect(await harness.after(second)).toEqual(["trigger a"]);
      const given = { result: { verdict: verdict("error") }, byVerdict: "filled" } as const;
      expect(await arrives(harness, "a", recorded, given)).toBe("used");
      expect(await harness.tell()).toEqual([]);
      await ends(harness, "a");
      expect(await harness.attempt()).toMatchObject({ action: "resolve", byVerdict: "filled" });
    });

    test("leaves the page open that the verdict for a target with a longer wait would have suppressed", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait, { waitMs: second });
      expect(await harness.after(second)).toEqual(["trigger a"]);
      expect(await arrives(harness, "a", recorded, noise)).toBe("used");
      expect(await harness.stands()).toEqual(["told delivered"]);
      await ends(harness, "a");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });
  });
}

function episodes(subject: LedgerSubject): void {
  describe("the classification of an episode", () => {
    test("stays while the alert repeats, also if another one is proposed", async () => {
      await using harness = await LedgerHarness.open(subject);
      const given = { verdict: verdict("critical") };
      await fires(harness, "a", given, { severity: "critical" });
      expect(await harness.tell()).toEqual(["trigger a"]);
      const again = await fires(harness, "a", wait, { severity: "info", at: ["pagerduty"] });
      expect(again.classification).toMatchObject(given);
      expect((await harness.newest()).wanted.severity).toBe("critical");
      await fires(harness, "a", { absent: "budget_used" }, { at: [] });
      expect(await harness.stands()).toEqual(["told delivered"]);
      expect(await stored(harness, "a")).toMatchObject(given);
    });

    test("keeps an undelivered incident as it is, if its routes were made with another verdict", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", { absent: "failed" });
      await fires(harness, "a", { verdict: verdict("noise") }, { at: [] });
      expect(await harness.stands()).toEqual(["due waiting_turn"]);
      const { wanted } = await harness.newest();
      expect(wanted.severity).toBe("error");
    });

    test("opens nothing while the resolve of the last one is in flight, if it suppresses the next one", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", absent);
      await harness.tell();
      await harness.clock.advance(minute);
      await ends(harness, "a", { endsAtMs: harness.clock.now() });
      const lease = await harness.claimOne();
      const startsAtMs = harness.clock.now() + 1;
      await harness.clock.advance(1);
      await fires(harness, "a", { verdict: verdict("noise") }, { at: [], startsAtMs });
      await fires(harness, "a", wait, { startsAtMs });
      await harness.settle(lease);
      expect(lease.action).toBe("resolve");
      expect(await harness.after(minute)).toEqual([]);
    });

    test("ends with it: the next episode asks again", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", { verdict: verdict("info") }, { severity: "info" });
      await harness.tell();
      await ends(harness, "a");
      await harness.after(minute);
      const next = await fires(harness, "a", wait, { startsAtMs: harness.clock.now() });
      expect(next.classification).toEqual({ atMs: harness.clock.now(), untilMs: harness.clock.now() + 5 * second });
      expect((await harness.stands())[0]).toBe("candidate waiting_classification");
      expect(await harness.after(5 * second)).toEqual(["trigger a"]);
    });

    test("is forgotten with the next episode if alerts are not classified any more", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", { verdict: verdict("info") });
      await harness.fires("a");
      expect(await stored(harness, "a")).toBeDefined();
      await harness.tell();
      await ends(harness, "a");
      await harness.after(minute);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await stored(harness, "a")).toBeUndefined();
    });

    test("is read with the alerts that fire, and routes that were made with another one have no effect", async () => {
      const targets = [targetTerms("pagerduty"), targetTerms("chat")];
      await using harness = await LedgerHarness.open(subject, { targets });
      const recorded = await fires(harness, "a", wait);
      const [before] = await harness.ledger.firing({ limit: 9 });
      expect(before?.classification).toEqual(recorded.classification);
      await arrives(harness, "a", recorded, noise);
      const stale = { fingerprint: "a", routes: routesTo("a", { at: ["pagerduty", "chat"] }) };
      const again = await harness.ledger.reroute([
        { ...stale, ...(before?.classification && { classification: before.classification }) },
      ]);
      expect(again).toMatchObject([{ fingerprint: "a", classification: { verdict: { severity: "noise" } } }]);
      expect(await harness.tell()).toEqual([]);
      const [now] = again;
      expect(
        await harness.ledger.reroute([
          {
            fingerprint: "a",
            routes: routesTo("a", { at: ["chat"] }),
            ...(now?.classification && { classification: now.classification }),
          },
        ]),
      ).toEqual([]);
      expect(await harness.claim()).toMatchObject([{ target: "chat", verdict: { severity: "noise" } }]);
    });

    test("counts from the receipt of a firing that is held, and its verdict may come during the hold", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await ends(harness, "a");
      await harness.tell();
      const held = await fires(harness, "a", { waitMs: 12 * second });
      expect(held.classification).toMatchObject({ untilMs: harness.clock.now() + 12 * second });
      expect(await harness.after(10 * second)).toEqual([]);
      expect((await harness.stands())[0]).toBe("candidate waiting_classification");
      expect(await harness.after(2 * second)).toEqual(["trigger a"]);
    });

    test("may get its verdict while its firing is held, which a repeat then keeps", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await ends(harness, "a");
      await harness.tell();
      const other = await fires(harness, "a", { waitMs: 12 * second });
      const given = { result: { verdict: verdict("critical") }, severity: "critical" } as const;
      expect(await arrives(harness, "a", other, given)).toBe("used");
      await fires(harness, "a", { waitMs: 12 * second }, { severity: "info" });
      await harness.clock.advance(10 * second);
      expect(await harness.attempt()).toMatchObject({ severity: "critical", verdict: { severity: "critical" } });
    });

    test("is read with a reading, whose routes have no effect if they were made with another one", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", { verdict: verdict("critical") }, { severity: "critical" });
      await harness.tell();
      const { alerts } = await harness.ledger.readAlerts("default", ["a"]);
      expect(alerts).toMatchObject([{ classification: { verdict: { severity: "critical" } } }]);
      const finding = { says: "active", fingerprint: "a", routes: routesTo("a", { severity: "info" }) } as const;
      const [classification] = [{ atMs: 0, absent: "late" }] as const;
      await harness.ledger.recordReading({ source: "default", api: "x", findings: [{ ...finding, classification }] });
      expect((await harness.newest()).wanted.severity).toBe("critical");
      await harness.ledger.recordReading({
        source: "default",
        api: "x",
        findings: [{ ...finding, ...(alerts[0]?.classification && { classification: alerts[0].classification }) }],
      });
      expect((await harness.newest()).wanted.severity).toBe("info");
    });
  });
}

function groups(subject: LedgerSubject): void {
  const group = { dedupKey: "team" };
  describe("an alert that joins", () => {
    test("an incident that waits does not make it wait longer, and may make it shorter", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", wait, group);
      await harness.clock.advance(second);
      await fires(harness, "b", { waitMs: 9 * second }, group);
      await fires(harness, "c", { waitMs: 2 * second }, group);
      expect(await harness.after(2 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger team"]);
    });

    test("an incident that waits ends the wait, if it does not wait itself", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", wait, { ...group, severity: "warning" });
      await fires(harness, "b", { verdict: verdict("critical") }, { ...group, severity: "critical" });
      expect(await harness.attempt()).toMatchObject({ severity: "critical", firing: 2 });
    });

    test("an incident that was sent or is due does not wait", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", absent, { ...group, severity: "warning" });
      await fires(harness, "b", wait, { ...group, severity: "error" });
      expect(await harness.attempt()).toMatchObject({ severity: "error", firing: 2 });
      await fires(harness, "c", wait, { ...group, severity: "critical" });
      expect(await harness.stands()).not.toContain("candidate waiting_classification");
    });

    test("an incident and is suppressed leaves it, which waits on only for others", async () => {
      await using harness = await LedgerHarness.open(subject);
      const a = await fires(harness, "a", wait, { ...group, severity: "critical" });
      const b = await fires(harness, "b", wait, { ...group, severity: "warning" });
      await arrives(harness, "a", a, noise);
      expect(await harness.stands()).toEqual(["candidate waiting_classification"]);
      await arrives(harness, "b", b, { result: absent, ...group, severity: "warning" });
      expect(await harness.attempt()).toMatchObject({ severity: "warning", firing: 1 });
    });

    test("an incident and is suppressed ends the wait, if nothing else is to be classified", async () => {
      await using harness = await LedgerHarness.open(subject);
      const a = await fires(harness, "a", { waitMs: 3 * second }, group);
      const b = await fires(harness, "b", { waitMs: 5 * second }, { ...group, severity: "warning" });
      await arrives(harness, "a", a, noise);
      await arrives(harness, "b", b, noise);
      expect(await harness.stands()).toEqual(["not_told suppressed_noise"]);
      await fires(harness, "c", wait, { ...group, severity: "info" });
      await harness.fires("d", { ...group, severity: "info" });
      expect(await harness.attempt()).toMatchObject({ severity: "info", firing: 2 });
    });
  });
}

function people(subject: LedgerSubject): void {
  describe("a person acts on an incident that waits for a verdict", () => {
    test("acknowledges it: it is sent at its deadline, and then acknowledged", async () => {
      await using harness = await LedgerHarness.open(subject);
      await fires(harness, "a", wait);
      const { id } = await harness.newest();
      expect(await harness.ledger.acknowledge(id, "ann")).toBe(true);
      expect(await harness.after(5 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a", "acknowledge a"]);
    });

    test("resolves it: nothing is sent, also when the verdict comes", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await fires(harness, "a", wait);
      const { id } = await harness.newest();
      expect(await harness.ledger.resolve(id, "ann")).toBe(true);
      await arrives(harness, "a", recorded, { result: { verdict: verdict("critical") }, severity: "critical" });
      expect(await harness.after(minute)).toEqual([]);
    });
  });
}

function restarts(durable: Durable): void {
  describe("over a restart, an incident that waits for a verdict", () => {
    test("is sent at its deadline, although the process that asked is gone", async () => {
      await using place = await durable();
      const clock = new VirtualClock();
      const open = async () =>
        new LedgerHarness(await place.open({ clock, settings: quickSettings, random: () => 1 }), clock);
      {
        await using harness = await open();
        await harness.ledger.useTargets([targetTerms("pagerduty")]);
        await fires(harness, "a", wait);
        const b = await fires(harness, "b", { verdict: verdict("info") }, { byVerdict: "filled", severity: "info" });
        expect(b.classification).toMatchObject({ verdict: verdict("info") });
        await harness.attempt(accepted);
      }
      await clock.advance(2 * second);
      await using harness = await open();
      expect(await harness.stands()).toEqual(["told delivered", "candidate waiting_classification"]);
      expect(await stored(harness, "b")).toMatchObject({ verdict: verdict("info") });
      const [told, waiting] = await harness.views();
      expect(told?.incident.members[0]?.byVerdict).toBe("filled");
      expect(waiting?.incident.verdictUntilMs).toBe(clock.now() + 3 * second);
      expect(await harness.after(3 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
      expect(await harness.after(hour)).toEqual([]);
    });
  });
}
