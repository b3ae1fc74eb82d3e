import { type Alert, type Change, changeFingerprint, type ChangeState, type RoutedClaim } from "@tocsin/core/decisions";
import { describe, expect, test } from "vitest";
import { changeOf, routedChange } from "../../kit/changes.ts";
import { epochMs as t0, firing, resolved, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  day,
  hour,
  LedgerHarness,
  type LedgerSubject,
  limited,
  minute,
  refused,
  serverError,
  timedOut,
} from "./ledger-harness.ts";

const matchLabels = ["service", "app", "namespace", "environment"];

/** Records a change for these targets, by default for the one target. */
const record = async (harness: LedgerHarness, change: Change, ...targets: readonly string[]): Promise<string> => {
  const to = targets.length === 0 ? ["pagerduty"] : targets;
  const [recorded] = await harness.ledger.recordChanges([routedChange(change, ...to)]);
  return recorded?.effect ?? "none";
};

const kept = async (harness: LedgerHarness): Promise<readonly string[]> =>
  (await harness.ledger.changes({ limit: 100 })).changes.map(({ change }) => change.id);

const related = async (harness: LedgerHarness, labels: Alert["labels"], limit = 10): Promise<readonly string[]> => {
  const span = { fromMs: t0 - 2 * hour, toMs: t0 };
  const found = await harness.ledger.relatedChanges({ labels, matchLabels, ...span, limit });
  return found.map(({ change }) => change.id);
};

const rollout = (state: ChangeState, more: Partial<Change> = {}) => changeOf("rollout", { state, ...more });

/** An alert with the label `change_event`, and its route as a change. */
function deploy(status: "firing" | "resolved", startsAtMs: number): RoutedClaim {
  const claim = status === "firing" ? firing : resolved;
  const { routes, ...rest } = wanted(claim("deploy", { startsAtMs, labels: { change_event: "true", app: "shop" } }));
  return { ...rest, routes: routes.map((route) => ({ ...route, dedupKey: `deploy@${startsAtMs}`, kind: "change" })) };
}

/** Changes: things that were done on purpose. They have no severity and no end. */
export function changes(subject: LedgerSubject): void {
  describe("a change", () => {
    test("is sent once to each of its targets, with its whole content", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      const change = changeOf("v1", { customDetails: { sha: "\u0000\ud800" }, environment: "prod" });
      expect(await record(harness, change, "one", "two")).toBe("accepted");
      const leases = await harness.claim();
      expect(leases.map(({ target, action, summary }) => `${target}: ${action} ${summary}`).toSorted()).toEqual([
        "one: change deployed v1",
        "two: change deployed v1",
      ]);
      for (const lease of leases) {
        expect((JSON.parse(lease.alertJson) as Alert).change).toEqual(change);
        await harness.settle(lease);
      }
      expect(await harness.stands()).toEqual(["closed delivered", "closed delivered"]);
      expect(await harness.after(day)).toEqual([]);
    });

    test("that is recorded again is a duplicate, by its origin and id alone", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("v1"));
      const again = routedChange(changeOf("v1", { summary: "other" }), "pagerduty");
      const other = routedChange(changeOf("v1", { origin: "argo" }), "pagerduty");
      const recorded = await harness.ledger.recordChanges([again, other, other]);
      expect(recorded).toEqual([
        { id: "v1", origin: "ci", effect: "duplicate" },
        { id: "v1", origin: "argo", effect: "accepted" },
        { id: "v1", origin: "argo", effect: "duplicate" },
      ]);
      expect(await harness.tell()).toHaveLength(2);
      expect(await record(harness, changeOf("v1"))).toBe("duplicate");
      expect(await harness.tell()).toEqual([]);
    });

    test("is kept also if no target receives it, and explained", async () => {
      await using harness = await LedgerHarness.open(subject);
      const change = changeOf("v1");
      await harness.ledger.recordChanges([routedChange(change)]);
      expect(await kept(harness)).toEqual(["v1"]);
      expect(await harness.tell()).toEqual([]);
      const explained = await harness.ledger.explain(changeFingerprint(change));
      expect(explained).toMatchObject({ alert: { alert: { change } }, incidents: [] });
      expect(await harness.ledger.explain(changeFingerprint(changeOf("v2")))).toBeUndefined();
    });

    test("is explained at the target that received it", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("v1"));
      await harness.tell();
      const explained = await harness.ledger.explain(changeFingerprint(changeOf("v1")));
      expect(explained?.incidents).toMatchObject([
        { state: "closed", reason: "delivered", history: [{ what: "change" }] },
      ]);
    });

    test("is retried after a failure, and a dead letter after a refusal", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("v1"));
      await harness.attempt(serverError);
      await harness.clock.advance(minute);
      await harness.attempt(refused);
      expect(await harness.stands()).toEqual(["dead dead_invalid"]);
      const { deadLetters } = await harness.ledger.deadLetters({ limit: 10 });
      expect(deadLetters).toMatchObject([{ action: "change", target: "pagerduty" }]);
    });

    test("that was refused after an attempt of unknown effect is deleted in time: it has no end to send", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("v1"));
      await harness.attempt(timedOut);
      await harness.clock.advance(minute);
      await harness.attempt(refused);
      expect(await harness.stands()).toEqual(["dead dead_invalid"]);
      await harness.clock.advance(day);
      while ((await harness.ledger.deleteExpired(t0 + day, 0)) > 0);
      expect([await harness.views(), await kept(harness)]).toEqual([[], ["v1"]]);
    });

    test("waits behind every alert at the limiter", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(2)] });
      for (const id of ["v1", "v2", "v3"]) await record(harness, changeOf(id));
      await harness.fires("low", { severity: "info" });
      expect((await harness.claim()).map(({ action }) => action)).toEqual(["trigger", "change"]);
    });

    test("is not sent to a disabled target", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("off", { enabled: false })] });
      await record(harness, changeOf("v1"), "off");
      expect(await harness.tell()).toEqual([]);
      expect(await kept(harness)).toEqual(["v1"]);
    });

    test("that waits is not sent after its target stopped receiving changes", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("v1"));
      await record(harness, changeOf("v2"));
      const moved = targetTerms("pagerduty", { credential: "another", endpoint: "moved", takesChanges: false });
      await harness.ledger.useTargets([moved]);
      await harness.clock.advance(hour);
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["not_told no_changes", "not_told no_changes"]);
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      expect(await harness.after(day)).toEqual([]);
    });

    test.each<[timestampMs: number, keptMs: number]>([
      [t0 + day, t0],
      [Number.NaN, t0],
      [Number.NEGATIVE_INFINITY, t0],
      [-1e17, 0],
      [t0 - 1.5, t0 - 2],
    ])("with the time %d is kept with the time %d", async (timestampMs, keptMs) => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("v1", { timestampMs }));
      const { changes: found } = await harness.ledger.changes({ limit: 1 });
      expect([found[0]?.change.timestampMs, found[0]?.acceptedAtMs]).toEqual([keptMs, t0]);
    });

    test("is not listed among the alerts", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (let n = 0; n < 5; n++) await record(harness, changeOf(`v${n}`));
      await harness.fires("a");
      await harness.fires("z");
      const page = async (after: string, limit: number) =>
        (await harness.ledger.alerts({ after, limit })).map(({ fingerprint }) => fingerprint);
      expect([await page("", 3), await page("a", 1), await page("z", 3)]).toEqual([["a", "z"], ["z"], []]);
    });
  });

  describe("a running change", () => {
    test("is sent at its end, once, with its last content", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, rollout("running"));
      expect(await harness.stands()).toEqual(["due change_running"]);
      expect(await harness.after(5 * minute)).toEqual([]);
      expect(await record(harness, rollout("failed", { summary: "rollout failed" }))).toBe("updated");
      const lease = await harness.attempt();
      expect(lease).toMatchObject({ action: "change", summary: "rollout failed" });
      expect((JSON.parse(lease.alertJson) as Alert).change).toMatchObject({ state: "failed" });
      expect(await record(harness, rollout("complete"))).toBe("duplicate");
      expect(await harness.after(hour)).toEqual([]);
    });

    test("is sent as still running 10 minutes after its acceptance, and its end is only kept", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, rollout("running"));
      await harness.clock.advance(9 * minute);
      expect(await record(harness, rollout("running", { summary: "2 of 3 pods" }))).toBe("updated");
      expect(await harness.after(minute - 1)).toEqual([]);
      await harness.clock.advance(1);
      const lease = await harness.attempt();
      expect((JSON.parse(lease.alertJson) as Alert).change).toMatchObject({ state: "running", summary: "2 of 3 pods" });
      expect(await record(harness, rollout("complete"))).toBe("updated");
      expect(await harness.after(day)).toEqual([]);
      const { changes: found } = await harness.ledger.changes({ limit: 9 });
      expect(found.map(({ change }) => change.state)).toEqual(["complete"]);
    });

    test("that is recorded again unchanged is a duplicate", async () => {
      await using harness = await LedgerHarness.open(subject);
      const customDetails = { images: ["shop:2"] };
      await record(harness, rollout("running", { customDetails }));
      await harness.clock.advance(minute);
      expect(await record(harness, rollout("running", { customDetails }))).toBe("duplicate");
    });

    test("keeps waiting if its target gets another key", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, rollout("running"));
      await harness.ledger.useTargets([targetTerms("pagerduty", { credential: "another", endpoint: "moved" })]);
      expect(await harness.tell()).toEqual([]);
      await record(harness, rollout("complete"));
      expect(await harness.tell()).toHaveLength(1);
    });
  });

  describe("an alert with the label change_event", () => {
    test("is one change per episode, by the start of its first record", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.ledger.record([deploy("firing", t0), deploy("firing", t0 + minute), deploy("firing", t0)]);
      expect(await kept(harness)).toEqual([`deploy@${t0}`]);
      expect(await harness.tell()).toHaveLength(1);
      await harness.clock.advance(hour);
      await harness.ledger.record([deploy("resolved", t0)]);
      await harness.clock.advance(minute);
      await harness.ledger.record([deploy("firing", t0 + hour + minute)]);
      expect(await kept(harness)).toEqual([`deploy@${t0 + hour + minute}`, `deploy@${t0}`]);
      expect(await related(harness, { app: "shop" })).toEqual([`deploy@${t0}`]);
      const { changes: found } = await harness.ledger.changes({ limit: 1 });
      expect(found[0]?.fingerprint).toBe("deploy");
    });
  });

  describe("the list of changes", () => {
    test("has the newest first, page by page, since a time", async () => {
      await using harness = await LedgerHarness.open(subject);
      const times = [3, 1, 2, 1, 3];
      for (const [n, at] of times.entries())
        await record(harness, changeOf(`v${n}`, { timestampMs: t0 - at * minute }));
      const all = (await harness.ledger.changes({ limit: 10 })).changes.map(({ change }) => change.id);
      expect([all.slice(0, 2).toSorted(), all[2], all.slice(3).toSorted()]).toEqual([["v1", "v3"], "v2", ["v0", "v4"]]);
      const paged: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await harness.ledger.changes({ limit: 2, ...(cursor !== undefined && { cursor }) });
        paged.push(...page.changes.map(({ change }) => change.id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(paged).toEqual(all);
      const late = await harness.ledger.changes({ sinceMs: t0 - 2 * minute, limit: 10 });
      expect(late.changes.map(({ change }) => change.id)).toEqual(all.slice(0, 3));
    });

    test("has pages that end early if the details are large", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const n of [1, 2, 3])
        await record(
          harness,
          changeOf(`v${n}`, { customDetails: "x".repeat(3_000_000), timestampMs: t0 - n * minute }),
        );
      const first = await harness.ledger.changes({ limit: 10 });
      expect(first.changes.map(({ change }) => change.id)).toEqual(["v1", "v2"]);
      const second = await harness.ledger.changes({ limit: 10, cursor: first.nextCursor ?? "" });
      expect(second.changes.map(({ change }) => change.id)).toEqual(["v3"]);
      expect(second.nextCursor).toBeUndefined();
    });

    test("loses changes that were accepted before the limit, whatever their time", async () => {
      await using harness = await LedgerHarness.open(subject);
      await record(harness, changeOf("old"));
      await harness.tell();
      await harness.clock.advance(day);
      await record(harness, changeOf("new", { timestampMs: t0 - day }));
      expect(await harness.ledger.deleteExpired(0, t0 + hour)).toBe(1);
      expect(await kept(harness)).toEqual(["new"]);
      expect(await harness.ledger.deleteExpired(0, t0 + hour)).toBe(0);
      expect(await related(harness, { service: "shop" })).toEqual([]);
    });
  });

  describe("the changes related to an alert", () => {
    test("have the same service or app, and differ in no label that must match", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.clock.advance(hour);
      const at = (id: string, labels: Alert["labels"], more: Partial<Change> = {}) =>
        record(harness, changeOf(id, { labels, ...more }));
      await at("service", { service: "shop" });
      await at("both", { service: "shop", namespace: "eu", team: "x" }, { timestampMs: t0 - 90 * minute });
      await at("app", { app: "cart", namespace: "eu" }, { timestampMs: t0 - 30 * minute });
      await at("elsewhere", { service: "shop", namespace: "us" });
      await at("staging", { service: "shop" }, { environment: "staging" });
      await at("none", { namespace: "eu" });
      await at("long ago", { service: "shop" }, { timestampMs: t0 - 3 * hour });
      await at("later", { service: "shop" }, { timestampMs: t0 + minute });
      const labels = { service: "shop", app: "cart", namespace: "eu", environment: "prod", team: "y" };
      expect(await related(harness, labels)).toEqual(["app", "both", "service"]);
      expect(await related(harness, labels, 1)).toEqual(["app"]);
      expect(await related(harness, { namespace: "eu" })).toEqual([]);
      expect(await related(harness, { service: "" })).toEqual([]);
    });

    test("come without their details, which may be large and which a list shows", async () => {
      await using harness = await LedgerHarness.open(subject);
      const change = changeOf("v1", { customDetails: { log: ["\u0000", "x".repeat(10_000)] } });
      await record(harness, change);
      const span = { fromMs: t0 - 2 * hour, toMs: t0, matchLabels, limit: 5 };
      const found = await harness.ledger.relatedChanges({ labels: { service: "shop" }, ...span });
      const { customDetails: _, ...rest } = change;
      expect(found.map((one) => one.change)).toEqual([rest]);
      expect((await harness.ledger.changes({ limit: 1 })).changes[0]?.change).toEqual(change);
    });

    test("are found also by values that no index can hold", async () => {
      await using harness = await LedgerHarness.open(subject);
      const service = `${"x".repeat(5_000)}\u0000`;
      await record(harness, changeOf("v1", { labels: { service } }));
      expect(await related(harness, { service })).toEqual(["v1"]);
    });
  });

  test.runIf(subject.durable)("changes survive a restart", async () => {
    await using durable = await subject.durable!();
    const first = await LedgerHarness.open(durable);
    await record(first, changeOf("v1"));
    await first[Symbol.asyncDispose]();
    await using second = await LedgerHarness.open(durable, {}, first.clock);
    expect(await record(second, changeOf("v1"))).toBe("duplicate");
    expect(await second.tell()).toHaveLength(1);
    expect(await related(second, { service: "shop" })).toEqual(["v1"]);
  });
}
