import { describe, expect, test } from "vitest";
import { epochMs as t0, firing, resolved, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  day,
  hour,
  type LedgerSubject,
  refused,
  second,
  serverError,
  Stage,
  suspicious,
  timedOut,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

const forgetAll = async (stage: Stage, beforeMs: number): Promise<number> => {
  let gone = 0;
  for (
    let piece = await stage.ledger.deleteExpired(beforeMs);
    piece > 0;
    piece = await stage.ledger.deleteExpired(beforeMs)
  )
    gone += piece;
  return gone;
};

/** What is kept, shown and forgotten. */
export function keeping(subject: LedgerSubject): void {
  describe("dead letters", () => {
    test("are kept with reason, answer and what was sent", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(refused);
      const { deadLetters } = await stage.ledger.deadLetters({ limit: 10 });
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
      expect(await stage.ledger.deadLetter(deadLetters[0]?.id ?? 0)).toEqual(deadLetters[0]);
    });

    test("of an event whose key was asked for name the event's answer", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(suspicious);
      await stage.attempt(accepted);
      const { deadLetters } = await stage.ledger.deadLetters({ limit: 10 });
      expect(deadLetters).toMatchObject([{ reason: "dead_invalid", answer: "HTTP 400" }]);
    });

    test("are replayed one by one, each once, against what is wanted now", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) {
        await stage.fires(name);
        await stage.attempt(refused);
      }
      const { deadLetters } = await stage.ledger.deadLetters({ limit: 10 });
      const idOf = (key: string): number => deadLetters.find(({ dedupKey }) => dedupKey === key)?.id ?? 0;
      expect(await stage.ledger.replay(idOf("b"))).toBe("replayed");
      expect(await stage.tell()).toEqual(["trigger b"]);
      expect(await stage.ledger.replay(idOf("b"))).toBe("already_replayed");
      await stage.ends("a");
      expect(await stage.ledger.replay(idOf("a"))).toBe("replayed");
      expect(await stage.tell()).toEqual([]);
      expect(await stage.ledger.replay(1_000_000)).toBe("not_found");
      expect((await stage.ledger.deadLetter(idOf("c")))?.replayedAtMs).toBeNull();
    });

    test("can be dropped, which changes no incident", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(refused);
      const { deadLetters } = await stage.ledger.deadLetters({ limit: 10 });
      const id = deadLetters[0]?.id ?? 0;
      expect(await stage.ledger.dropDeadLetter(id)).toBe(true);
      expect(await stage.ledger.dropDeadLetter(id)).toBe(false);
      expect(await stage.ledger.deadLetter(id)).toBeUndefined();
      expect(await stage.stands()).toEqual(["dead dead_invalid"]);
    });

    test("are listed newest first, page by page", async () => {
      await using stage = await Stage.open(subject);
      for (let n = 0; n < 5; n++) {
        await stage.fires(`a${n}`);
        await stage.attempt(refused);
      }
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await stage.ledger.deadLetters({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.deadLetters.map(({ dedupKey }) => dedupKey));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(["a4", "a3", "a2", "a1", "a0"]);
    });
  });

  describe("what is shown", () => {
    test("incidents by state, target and fingerprint, newest first, page by page", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (let n = 0; n < 5; n++) await stage.fires(`a${n}`, { at: ["one"] });
      await stage.tell();
      for (let n = 5; n < 10; n++) await stage.fires(`a${n}`, { at: ["two"] });
      await stage.fires("a0", { at: ["one", "two"] });
      const shown = async (query: Parameters<typeof stage.ledger.incidents>[0]) =>
        (await stage.ledger.incidents(query)).incidents.map(
          ({ incident }) => `${incident.target} ${incident.dedupKey}`,
        );
      expect(await shown({ state: "told", limit: 10 })).toEqual([4, 3, 2, 1, 0].map((n) => `one a${n}`));
      expect(await shown({ target: "two", limit: 2 })).toEqual(["two a0", "two a9"]);
      expect(await shown({ fingerprint: "a0", limit: 10 })).toEqual(["two a0", "one a0"]);
      expect(await shown({ fingerprint: "a0", state: "due", target: "one", limit: 10 })).toEqual([]);
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await stage.ledger.incidents({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.incidents.map(({ incident }) => incident.id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(seen.toSorted((a, b) => b - a));
      expect(new Set(seen).size).toBe(11);
    });

    test("what is under way, by target and fingerprint, page by page", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (const name of ["a", "b", "c"]) await stage.fires(name, { at: ["one", "two"] });
      await stage.fires("told", { at: ["one"] });
      for (const lease of await stage.claim()) if (lease.dedupKey === "told") await stage.settle(lease);
      const shown = async (query: Partial<Parameters<typeof stage.ledger.incidents>[0]>) =>
        (await stage.ledger.incidents({ state: "in_flight", limit: 10, ...query })).incidents.map(
          ({ incident }) => `${incident.target} ${incident.dedupKey}`,
        );
      expect(await shown({})).toEqual(["two c", "one c", "two b", "one b", "two a", "one a"]);
      expect(await shown({ target: "two" })).toEqual(["two c", "two b", "two a"]);
      expect(await shown({ fingerprint: "b" })).toEqual(["two b", "one b"]);
      const { incidents, nextCursor } = await stage.ledger.incidents({ state: "in_flight", limit: 4 });
      expect(incidents).toHaveLength(4);
      expect(await shown({ cursor: nextCursor ?? "" })).toEqual(["two a", "one a"]);
    });

    test("one incident with the history that led to its state", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt({ kind: "interrupted", left: true, detail: "stopped" });
      await stage.tell();
      await stage.ends("a");
      await stage.tell();
      const shown = await stage.ledger.incident((await stage.newest()).id);
      expect(shown?.view).toMatchObject({ state: "closed", reason: "delivered" });
      const history = shown?.history ?? [];
      expect(history.map(({ what }) => what)).toEqual(["trigger interrupted", "trigger", "resolve"]);
      expect(history[0]?.detail).toBe("stopped");
      expect(await stage.ledger.incident(1_000_000)).toBeUndefined();
    });

    test("which targets are held back: blocked, paused or behind a breaker", async () => {
      await using stage = await Stage.open(subject, {
        targets: ["blocked", "paused", "well"].map((name) => targetTerms(name)),
      });
      await stage.fires("a", { at: ["blocked", "paused", "well"] });
      const outcomes = { blocked: unauthorized, paused: tooMany, well: serverError };
      for (const lease of await stage.claim())
        await stage.settle(lease, outcomes[lease.target as keyof typeof outcomes]);
      const held = await stage.ledger.targetStatus("held_back");
      expect(held.map(({ target }) => target).toSorted()).toEqual(["blocked", "paused"]);
      expect(await stage.ledger.targetStatus()).toEqual(expect.arrayContaining([...held]));
      expect(await stage.ledger.targetStatus()).toHaveLength(3);
    });

    test("what fires, page by page", async () => {
      await using stage = await Stage.open(subject);
      await stage.ledger.record(["e", "d", "c", "b", "a"].map((name) => wanted(firing(name), { at: [] })));
      await stage.ends("c", { at: [] });
      const first = await stage.ledger.firing({ limit: 2 });
      expect(first).toHaveLength(2);
      const rest = await stage.ledger.firing({ after: first[1]?.fingerprint ?? "", limit: 9 });
      const all = [...first, ...rest].map(({ fingerprint }) => fingerprint);
      expect(all.toSorted()).toEqual(["a", "b", "d", "e"]);
    });

    test("what fires and has a fingerprint that begins so", async () => {
      await using stage = await Stage.open(subject);
      const names = ["test", "test-1", "b", "test-3", "test-2", "tesu"];
      await stage.ledger.record(names.map((name) => wanted(firing(name), { at: [] })));
      await stage.ends("test-3", { at: [] });
      const found = await stage.ledger.firing({ prefix: "test-", limit: 9 });
      expect(found.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(["test-1", "test-2"]);
    });

    test("a text that was remembered, by its name", async () => {
      await using stage = await Stage.open(subject);
      expect(await stage.ledger.getValue("targets")).toBeUndefined();
      await stage.ledger.putValue("targets", "first");
      await stage.ledger.putValue("other", "else");
      await stage.ledger.putValue("targets", "second");
      expect(await stage.ledger.getValue("targets")).toBe("second");
    });

    test("the text that was remembered first, where that is what counts", async () => {
      await using stage = await Stage.open(subject);
      expect(await stage.ledger.putValueIfAbsent("key", "ours")).toBe("ours");
      expect(await stage.ledger.putValueIfAbsent("key", "theirs")).toBe("ours");
      expect(await stage.ledger.getValue("key")).toBe("ours");
    });

    test("that it commits, when it is asked to", async () => {
      await using stage = await Stage.open(subject);
      await expect(stage.ledger.probe()).resolves.toBeUndefined();
      expect(await stage.views()).toEqual([]);
    });

    test("an alert with the claims about it", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { source: "one", labels: { team: "x" } });
      await stage.ends("a", { source: "two", sender: "10.0.0.1" });
      const shown = await stage.ledger.alert("a");
      expect(shown).toMatchObject({ status: "firing", alert: { labels: { alertname: "a", team: "x" } } });
      const claims = shown?.claims.map(({ source, sender, status }) => [source, sender, status]);
      expect(claims?.toSorted()).toEqual([
        ["one", undefined, "firing"],
        ["two", "10.0.0.1", "resolved"],
      ]);
      expect(await stage.ledger.alert("never seen")).toBeUndefined();
    });

    test("counts that equal an independent count", async () => {
      await using stage = await Stage.open(subject);
      for (let n = 0; n < 20; n++) await stage.fires(`a${n}`, { severity: n % 2 ? "critical" : "info" });
      const leases = await stage.claim();
      const outcomes = [accepted, serverError, timedOut, refused];
      for (const [n, lease] of leases.entries()) await stage.settle(lease, outcomes[n % 4]);
      for (let n = 0; n < 5; n++) await stage.ends(`a${n}`);
      await stage.claim(2);
      const stats = await stage.ledger.stats();
      const views = await stage.views();
      const counted = Object.entries(Object.groupBy(views, ({ state }) => state)).map(([state, some]) => [
        state,
        some?.length,
      ]);
      const shown = stats.incidents.filter(({ count }) => count !== 0).map(({ state, count }) => [state, count]);
      expect(new Map(shown as [string, number][])).toEqual(new Map(counted as [string, number][]));
      const { deadLetters } = await stage.ledger.deadLetters({ limit: 100 });
      expect(stats.deadLetters.reduce((sum, { count }) => sum + count, 0)).toBe(deadLetters.length);
      expect(stats.alerts).toEqual({ firing: 15, resolved: 5 });
      const waits = views.filter(({ state }) => state === "due" || state === "in_flight");
      const severities = new Set(waits.map(({ incident }) => incident.wanted.severity));
      expect(stats.due.map(({ severity }) => severity).toSorted()).toEqual([...severities].toSorted());
    });
  });

  if (subject.virtualTime) dueSince(subject);
  if (subject.virtualTime) retention(subject);
}

/** How long the oldest incident has been due, in seconds; undefined: none is. */
async function dueFor(stage: Stage): Promise<number | undefined> {
  const { due, nowMs } = await stage.ledger.stats();
  const [oldest] = due.map(({ oldestAtMs }) => (nowMs - oldestAtMs) / second).toSorted((a, b) => b - a);
  return oldest;
}

function dueSince(subject: LedgerSubject): void {
  describe("how long an incident has been due", () => {
    test("counts from its acceptance until its first event is accepted, over retries", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      for (let round = 0; round < 3; round++) {
        await stage.attempt(serverError);
        await stage.clock.advance(10 * second);
      }
      expect(await dueFor(stage)).toBe(30);
      const [lease] = await stage.claim();
      expect(await dueFor(stage)).toBe(30);
      if (lease) await stage.settle(lease);
      expect(await dueFor(stage)).toBeUndefined();
    });

    test.each<[string, (stage: Stage) => Promise<unknown>]>([
      ["its end", (stage) => stage.ends("a")],
      ["a higher severity", (stage) => stage.fires("a", { severity: "critical" })],
      ["an acknowledgement", async (stage) => stage.ledger.acknowledge((await stage.newest()).id, "me")],
    ])("counts from %s, not from the acceptance of the alert", async (_, change) => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(172 * second);
      expect(await dueFor(stage)).toBeUndefined();
      await change(stage);
      await stage.clock.advance(2 * second);
      expect(await dueFor(stage)).toBe(2);
      await stage.attempt(serverError);
      await stage.clock.advance(10 * second);
      expect(await dueFor(stage)).toBe(12);
    });

    test("counts from when a dead incident is tried again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(refused);
      await stage.clock.advance(172 * second);
      expect(await dueFor(stage)).toBeUndefined();
      await stage.fires("a", { severity: "critical" });
      await stage.clock.advance(2 * second);
      expect(await dueFor(stage)).toBe(2);
    });

    test("counts no reminder, under way or failed", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(4 * hour);
      await stage.fires("a");
      expect(await dueFor(stage)).toBeUndefined();
      const lease = await stage.claimOne();
      expect(await dueFor(stage)).toBeUndefined();
      await stage.settle(lease, serverError);
      expect(await dueFor(stage)).toBeUndefined();
      await stage.ends("a");
      await stage.clock.advance(2 * second);
      expect(await dueFor(stage)).toBe(2);
    });

    test("is the longest of all that wait, by target and severity", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) await stage.fires(name, { severity: name === "c" ? "info" : "critical" });
      await stage.tell();
      for (const name of ["a", "b", "c"]) {
        await stage.ends(name);
        await stage.clock.advance(second);
      }
      const { due, nowMs } = await stage.ledger.stats();
      const shown = due.map(({ severity, oldestAtMs }) => `${severity} ${(nowMs - oldestAtMs) / second}`);
      expect(shown.toSorted()).toEqual(["critical 3", "info 1"]);
    });
  });
}

function retention(subject: LedgerSubject): void {
  describe("retention", () => {
    test("forgets what was over before then, with its history and letters, and nothing since", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 0 } });
      await stage.fires("old");
      await stage.tell();
      await stage.ends("old");
      await stage.tell();
      await stage.fires("dead");
      await stage.attempt(refused);
      await stage.ends("dead");
      await stage.clock.advance(day);
      await stage.fires("new");
      await stage.tell();
      await stage.ends("new");
      await stage.tell();
      expect(await forgetAll(stage, t0 + hour)).toBeGreaterThan(0);
      expect((await stage.views()).map(({ incident }) => incident.dedupKey)).toEqual(["new"]);
      expect((await stage.ledger.deadLetters({ limit: 10 })).deadLetters).toEqual([]);
      expect(await stage.ledger.alert("old")).toBeUndefined();
      expect(await stage.ledger.alert("new")).toBeDefined();
      expect((await stage.ledger.stats()).incidents.filter(({ count }) => count > 0)).toEqual([
        { target: "pagerduty", state: "closed", count: 1 },
      ]);
      expect(await stage.ledger.deleteExpired(t0 + hour)).toBe(0);
    });

    test("forgets what is over behind an old incident that became due lately", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 0 } });
      const names = Array.from({ length: 250 }, (_, n) => `a${n}`);
      await stage.ledger.record(names.map((name) => wanted(firing(name))));
      await stage.tell();
      await stage.ledger.record(names.slice(200).map((name) => wanted(resolved(name))));
      await stage.tell();
      await stage.clock.advance(2 * day);
      // The last of the first piece that is looked at.
      await stage.ends("a199");
      await forgetAll(stage, stage.clock.now() - day);
      expect((await stage.views()).length).toBe(200);
    });

    test("never forgets what fires, is told, or still has to be told", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 0 } });
      for (const name of ["told", "due", "refused"]) await stage.fires(name);
      for (const lease of await stage.claim()) {
        if (lease.dedupKey === "told") await stage.settle(lease, accepted);
        if (lease.dedupKey === "due") await stage.settle(lease, serverError);
        // Perhaps told, then refused: its end is owed.
        if (lease.dedupKey === "refused") await stage.settle(lease, timedOut);
      }
      await stage.clock.advance(hour);
      for (const lease of await stage.claim())
        await stage.settle(lease, lease.dedupKey === "refused" ? refused : serverError);
      await stage.clock.advance(100 * day);
      await forgetAll(stage, stage.clock.now() - 30 * day);
      await stage.ledger.record(["told", "due", "refused"].map((name) => wanted(resolved(name))));
      expect((await stage.tell()).toSorted()).toEqual(["resolve refused", "resolve told"]);
    });

    test("forgets a bounded piece of what was told at a time, and a report of what is forgotten changes nothing", async () => {
      await using stage = await Stage.open(subject);
      const names = Array.from({ length: 450 }, (_, n) => `a${n}`);
      await stage.ledger.record(names.map((name) => wanted(firing(name))));
      const leases = [];
      for (let some = await stage.claim(); some.length > 0; some = await stage.claim()) {
        for (const lease of some) await stage.settle(lease);
        leases.push(...some);
      }
      await stage.ledger.record(names.map((name) => wanted(resolved(name))));
      expect(await stage.tell()).toHaveLength(450);
      await stage.clock.advance(day);
      const first = await stage.ledger.deleteExpired(stage.clock.now());
      expect(first).toBeLessThan(900);
      await forgetAll(stage, stage.clock.now());
      expect(await stage.views()).toEqual([]);
      for (const lease of leases.slice(0, 2)) expect(await stage.settle(lease)).toBe(false);
    });

    test("forgets a bounded piece at a time", async () => {
      await using stage = await Stage.open(subject);
      const names = Array.from({ length: 1_000 }, (_, n) => `a${n}`);
      await stage.ledger.record(names.map((name) => wanted(firing(name))));
      await stage.ledger.record(names.map((name) => wanted(resolved(name))));
      await stage.clock.advance(day);
      const first = await stage.ledger.deleteExpired(stage.clock.now());
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThan(1_000);
      expect(first + (await forgetAll(stage, stage.clock.now()))).toBe(2_000);
    });

    test("what is seen again after it was forgotten is new", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.tell();
      await stage.clock.advance(day);
      await forgetAll(stage, stage.clock.now());
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });
  });
}
