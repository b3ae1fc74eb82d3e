import { describe, expect, test } from "vitest";
import { firing, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  LedgerHarness,
  type LedgerSubject,
  refused,
  second,
  serverError,
  suspicious,
  timedOut,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

/** Stored data, as lists and single views show it. */
export function queries(subject: LedgerSubject): void {
  describe("dead letters", () => {
    test("are kept with their reason, the answer and the content that was sent", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(refused);
      const { deadLetters } = await harness.ledger.deadLetters({ limit: 10 });
      expect(deadLetters).toMatchObject([
        {
          target: "pagerduty",
          dedupKey: "a",
          action: "trigger",
          reason: "dead_invalid",
          answer: "HTTP 422",
          rendered: { dedup_key: "a" },
          replayedAtMs: null,
        },
      ]);
      expect(await harness.ledger.deadLetter(deadLetters[0]?.id ?? 0)).toEqual(deadLetters[0]);
    });

    test("contain the answer to the event, not to the check of its key", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(suspicious);
      await harness.attempt(accepted);
      const { deadLetters } = await harness.ledger.deadLetters({ limit: 10 });
      expect(deadLetters).toMatchObject([{ reason: "dead_invalid", answer: "HTTP 400" }]);
    });

    test("are replayed one by one, each once, against the current desired state", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) {
        await harness.fires(name);
        await harness.attempt(refused);
      }
      const { deadLetters } = await harness.ledger.deadLetters({ limit: 10 });
      const idOf = (key: string): number => deadLetters.find(({ dedupKey }) => dedupKey === key)?.id ?? 0;
      expect(await harness.ledger.replay(idOf("b"))).toBe("replayed");
      expect(await harness.tell()).toEqual(["trigger b"]);
      expect(await harness.ledger.replay(idOf("b"))).toBe("already_replayed");
      await harness.ends("a");
      expect(await harness.ledger.replay(idOf("a"))).toBe("replayed");
      expect(await harness.tell()).toEqual([]);
      expect(await harness.ledger.replay(1_000_000)).toBe("not_found");
      expect((await harness.ledger.deadLetter(idOf("c")))?.replayedAtMs).toBeNull();
    });

    test("can be dropped, which changes no incident", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(refused);
      const { deadLetters } = await harness.ledger.deadLetters({ limit: 10 });
      const id = deadLetters[0]?.id ?? 0;
      expect(await harness.ledger.dropDeadLetter(id)).toBe(true);
      expect(await harness.ledger.dropDeadLetter(id)).toBe(false);
      expect(await harness.ledger.deadLetter(id)).toBeUndefined();
      expect(await harness.stands()).toEqual(["dead dead_invalid"]);
    });

    test("are listed by target, reason, time, and whether they were replayed", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (const [name, target] of [
        ["a", "one"],
        ["b", "two"],
        ["c", "two"],
      ] as const) {
        await harness.fires(name, { at: [target] });
        await harness.attempt(refused);
      }
      const found = async (filter: object) =>
        (await harness.ledger.deadLetters({ limit: 10, ...filter })).deadLetters.map(({ dedupKey }) => dedupKey);
      const [c] = (await harness.ledger.deadLetters({ limit: 1 })).deadLetters;
      await harness.ledger.replay(c?.id ?? 0);
      expect(await found({ target: "two" })).toEqual(["c", "b"]);
      expect(await found({ reason: "dead_invalid" })).toEqual(["c", "b", "a"]);
      expect(await found({ reason: "dead_expired" })).toEqual([]);
      expect(await found({ replayed: false, target: "two" })).toEqual(["b"]);
      expect(await found({ replayed: true })).toEqual(["c"]);
      expect(await found({ beforeMs: (c?.atMs ?? 0) + 1 })).toEqual(["c", "b", "a"]);
      expect(await found({ beforeMs: 1 })).toEqual([]);
    });

    test("are listed newest first, page by page", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (let n = 0; n < 5; n++) {
        await harness.fires(`a${n}`);
        await harness.attempt(refused);
      }
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await harness.ledger.deadLetters({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.deadLetters.map(({ dedupKey }) => dedupKey));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(["a4", "a3", "a2", "a1", "a0"]);
    });
  });

  describe("queries", () => {
    test("list incidents by state, target and fingerprint, newest first, page by page", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (let n = 0; n < 5; n++) await harness.fires(`a${n}`, { at: ["one"] });
      await harness.tell();
      for (let n = 5; n < 10; n++) await harness.fires(`a${n}`, { at: ["two"] });
      await harness.fires("a0", { at: ["one", "two"] });
      const shown = async (query: Parameters<typeof harness.ledger.incidents>[0]) =>
        (await harness.ledger.incidents(query)).incidents.map(
          ({ incident }) => `${incident.target} ${incident.dedupKey}`,
        );
      expect(await shown({ state: "told", limit: 10 })).toEqual([4, 3, 2, 1, 0].map((n) => `one a${n}`));
      expect(await shown({ target: "two", limit: 2 })).toEqual(["two a0", "two a9"]);
      expect(await shown({ fingerprint: "a0", limit: 10 })).toEqual(["two a0", "one a0"]);
      expect(await shown({ fingerprint: "a0", state: "due", target: "one", limit: 10 })).toEqual([]);
      await harness.fires("critical", { at: ["one"], severity: "critical" });
      await harness.fires("warning", { at: ["one"], severity: "warning" });
      expect(await shown({ severity: "critical", limit: 10 })).toEqual(["one critical"]);
      expect(await shown({ severity: "critical", state: "told", limit: 10 })).toEqual([]);
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await harness.ledger.incidents({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.incidents.map(({ incident }) => incident.id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(seen.toSorted((a, b) => b - a));
      expect(new Set(seen).size).toBe(13);
    });

    test("list attempts in flight by target and fingerprint, page by page", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (const name of ["a", "b", "c"]) await harness.fires(name, { at: ["one", "two"] });
      await harness.fires("told", { at: ["one"] });
      for (const lease of await harness.claim()) if (lease.dedupKey === "told") await harness.settle(lease);
      const shown = async (query: Partial<Parameters<typeof harness.ledger.incidents>[0]>) =>
        (await harness.ledger.incidents({ state: "in_flight", limit: 10, ...query })).incidents.map(
          ({ incident }) => `${incident.target} ${incident.dedupKey}`,
        );
      expect(await shown({})).toEqual(["two c", "one c", "two b", "one b", "two a", "one a"]);
      expect(await shown({ target: "two" })).toEqual(["two c", "two b", "two a"]);
      expect(await shown({ fingerprint: "b" })).toEqual(["two b", "one b"]);
      const { incidents, nextCursor } = await harness.ledger.incidents({ state: "in_flight", limit: 4 });
      expect(incidents).toHaveLength(4);
      expect(await shown({ cursor: nextCursor ?? "" })).toEqual(["two a", "one a"]);
    });

    test("show one incident with the history that led to its state", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt({ kind: "interrupted", left: true, detail: "stopped" });
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      const shown = await harness.ledger.incident((await harness.newest()).id);
      expect(shown?.view).toMatchObject({ state: "closed", reason: "delivered" });
      const history = shown?.history ?? [];
      expect(history.map(({ what }) => what)).toEqual(["trigger interrupted", "trigger", "resolve"]);
      expect(history[0]?.detail).toBe("stopped");
      expect(await harness.ledger.incident(1_000_000)).toBeUndefined();
    });

    test("list targets that are blocked, paused or behind a breaker", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: ["blocked", "paused", "well"].map((name) => targetTerms(name)),
      });
      await harness.fires("a", { at: ["blocked", "paused", "well"] });
      const outcomes = { blocked: unauthorized, paused: tooMany, well: serverError };
      for (const lease of await harness.claim())
        await harness.settle(lease, outcomes[lease.target as keyof typeof outcomes]);
      const held = await harness.ledger.targetStatus("held_back");
      expect(held.map(({ target }) => target).toSorted()).toEqual(["blocked", "paused"]);
      expect(await harness.ledger.targetStatus()).toEqual(expect.arrayContaining([...held]));
      expect(await harness.ledger.targetStatus()).toHaveLength(3);
    });

    test("list firing alerts, page by page", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.ledger.record(["e", "d", "c", "b", "a"].map((name) => wanted(firing(name), { at: [] })));
      await harness.ends("c", { at: [] });
      const first = await harness.ledger.firing({ limit: 2 });
      expect(first).toHaveLength(2);
      const rest = await harness.ledger.firing({ after: first[1]?.fingerprint ?? "", limit: 9 });
      const all = [...first, ...rest].map(({ fingerprint }) => fingerprint);
      expect(all.toSorted()).toEqual(["a", "b", "d", "e"]);
    });

    test("list firing alerts by the beginning of their fingerprint", async () => {
      await using harness = await LedgerHarness.open(subject);
      const names = ["test", "test-1", "b", "test-3", "test-2", "tesu"];
      await harness.ledger.record(names.map((name) => wanted(firing(name), { at: [] })));
      await harness.ends("test-3", { at: [] });
      const found = await harness.ledger.firing({ prefix: "test-", limit: 9 });
      expect(found.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(["test-1", "test-2"]);
    });

    test("read a stored value by its name", async () => {
      await using harness = await LedgerHarness.open(subject);
      expect(await harness.ledger.getValue("targets")).toBeUndefined();
      await harness.ledger.putValue("targets", "first");
      await harness.ledger.putValue("other", "else");
      await harness.ledger.putValue("targets", "second");
      expect(await harness.ledger.getValue("targets")).toBe("second");
    });

    test("read the first value if later ones must not replace it", async () => {
      await using harness = await LedgerHarness.open(subject);
      expect(await harness.ledger.putValueIfAbsent("key", "ours")).toBe("ours");
      expect(await harness.ledger.putValueIfAbsent("key", "theirs")).toBe("ours");
      expect(await harness.ledger.getValue("key")).toBe("ours");
    });

    test("confirm on request that the ledger can commit", async () => {
      await using harness = await LedgerHarness.open(subject);
      await expect(harness.ledger.probe()).resolves.toBeUndefined();
      expect(await harness.views()).toEqual([]);
    });

    test("show an alert with its claims", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { source: "one", labels: { team: "x" } });
      await harness.ends("a", { source: "two", sender: "10.0.0.1" });
      const shown = await harness.ledger.alert("a");
      expect(shown).toMatchObject({ status: "firing", alert: { labels: { alertname: "a", team: "x" } } });
      const claims = shown?.claims.map(({ source, sender, status }) => [source, sender, status]);
      expect(claims?.toSorted()).toEqual([
        ["one", undefined, "firing"],
        ["two", "10.0.0.1", "resolved"],
      ]);
      expect(await harness.ledger.alert("never seen")).toBeUndefined();
    });

    test("count as an independent count does", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (let n = 0; n < 20; n++) await harness.fires(`a${n}`, { severity: n % 2 ? "critical" : "info" });
      const leases = await harness.claim();
      const outcomes = [accepted, serverError, timedOut, refused];
      for (const [n, lease] of leases.entries()) await harness.settle(lease, outcomes[n % 4]);
      for (let n = 0; n < 5; n++) await harness.ends(`a${n}`);
      await harness.claim(2);
      const stats = await harness.ledger.stats();
      const views = await harness.views();
      const counted = Object.entries(Object.groupBy(views, ({ state }) => state)).map(([state, some]) => [
        state,
        some?.length,
      ]);
      const shown = stats.incidents.filter(({ count }) => count !== 0).map(({ state, count }) => [state, count]);
      expect(new Map(shown as [string, number][])).toEqual(new Map(counted as [string, number][]));
      const { deadLetters } = await harness.ledger.deadLetters({ limit: 100 });
      expect(stats.deadLetters.reduce((sum, { count }) => sum + count, 0)).toBe(deadLetters.length);
      expect(stats.alerts).toEqual({ firing: 15, resolved: 5 });
      const waits = views.filter(({ state }) => state === "due" || state === "in_flight");
      const severities = new Set(waits.map(({ incident }) => incident.wanted.severity));
      expect(stats.due.map(({ severity }) => severity).toSorted()).toEqual([...severities].toSorted());
    });
  });

  if (subject.virtualTime) dueSince(subject);
}

/** How long the oldest incident has been due, in seconds; undefined: none is. */
async function dueFor(harness: LedgerHarness): Promise<number | undefined> {
  const { due, nowMs } = await harness.ledger.stats();
  const [oldest] = due.map(({ oldestAtMs }) => (nowMs - oldestAtMs) / second).toSorted((a, b) => b - a);
  return oldest;
}

function dueSince(subject: LedgerSubject): void {
  describe("how long an incident has been due", () => {
    test("counts from the acceptance of the alert until its first event is accepted, over retries", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      for (let round = 0; round < 3; round++) {
        await harness.attempt(serverError);
        await harness.clock.advance(10 * second);
      }
      expect(await dueFor(harness)).toBe(30);
      const [lease] = await harness.claim();
      expect(await dueFor(harness)).toBe(30);
      if (lease) await harness.settle(lease);
      expect(await dueFor(harness)).toBeUndefined();
    });

    test.each<[string, (harness: LedgerHarness) => Promise<unknown>]>([
      ["its end", (harness) => harness.ends("a")],
      ["a higher severity", (harness) => harness.fires("a", { severity: "critical" })],
      ["an acknowledgement", async (harness) => harness.ledger.acknowledge((await harness.newest()).id, "me")],
    ])("counts from %s, not from the acceptance of the alert", async (_, change) => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(172 * second);
      expect(await dueFor(harness)).toBeUndefined();
      await change(harness);
      await harness.clock.advance(2 * second);
      expect(await dueFor(harness)).toBe(2);
      await harness.attempt(serverError);
      await harness.clock.advance(10 * second);
      expect(await dueFor(harness)).toBe(12);
    });

    test("counts from the time at which a dead incident is tried again", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(refused);
      await harness.clock.advance(172 * second);
      expect(await dueFor(harness)).toBeUndefined();
      await harness.fires("a", { severity: "critical" });
      await harness.clock.advance(2 * second);
      expect(await dueFor(harness)).toBe(2);
    });

    test("does not count reminders, in flight or failed", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.clock.advance(4 * hour);
      await harness.fires("a");
      expect(await dueFor(harness)).toBeUndefined();
      const lease = await harness.claimOne();
      expect(await dueFor(harness)).toBeUndefined();
      await harness.settle(lease, serverError);
      expect(await dueFor(harness)).toBeUndefined();
      await harness.ends("a");
      await harness.clock.advance(2 * second);
      expect(await dueFor(harness)).toBe(2);
    });

    test("is the longest wait, by target and severity", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name, { severity: name === "c" ? "info" : "critical" });
      await harness.tell();
      for (const name of ["a", "b", "c"]) {
        await harness.ends(name);
        await harness.clock.advance(second);
      }
      const { due, nowMs } = await harness.ledger.stats();
      const shown = due.map(({ severity, oldestAtMs }) => `${severity} ${(nowMs - oldestAtMs) / second}`);
      expect(shown.toSorted()).toEqual(["critical 3", "info 1"]);
    });
  });
}
