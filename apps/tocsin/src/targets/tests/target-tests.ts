import { randomBytes } from "node:crypto";
import {
  type Alert,
  type Clock,
  type HeldBack,
  type Ledger,
  type Lease,
  LedgerUnavailable,
  type Outcome,
  type Publisher,
} from "@tocsin/core";
import { firstContent, notSent, type Notify } from "../../delivery/notification.ts";
import type { ResolvedTarget } from "../resolved-target.ts";
import { heldBackOf } from "../target-warnings.ts";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import { testAlert, testAlertPrefix, testedTarget } from "./test-alert.ts";
import { nameOfTestable, TestRefused } from "./test-refused.ts";

/** The longest wait for the answer to the trigger, and as long again for the answer to the resolve. */
const maxWaitMs = 10_000;

/** A test that is older was left behind by a process that was killed. Also the interval at which such tests are searched. */
const abandonedMs = 2 * 60_000;

/** One attempt of a test, and its result. */
export interface TestAttempt {
  readonly action: Lease["action"];
  readonly outcome: Outcome["kind"];
  /** HTTP status, if there was one. */
  readonly status?: number;
  readonly answer: string;
  readonly durationMs: number;
  /** The event without the credential. */
  readonly sent: unknown;
}

export interface TestReport {
  readonly target: string;
  /** The target accepted both the trigger and the resolve. */
  readonly ok: boolean;
  readonly dedupKey: string;
  readonly incident?: number;
  readonly attempts: readonly TestAttempt[];
  /** Why no attempt has ended. Unless it is `in_flight`, nothing was sent, and nothing will be. */
  readonly waiting?: string;
  /** Why the target accepts nothing now, if that is the cause. */
  readonly heldBack?: HeldBack;
}

export interface TargetTestsOptions {
  readonly ledger: Pick<Ledger, "record" | "incidents" | "firing" | "charge" | "unblock" | "targetStatus">;
  readonly vault: Pick<CredentialVault, "identity">;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly publisherTo: (target: string) => Publisher | undefined;
  readonly notify: Notify;
  /** Called for each attempt outside the worker, so that metrics count it. */
  readonly attempted: (attempt: Pick<Lease, "target" | "action">, outcome: Outcome, durationMs: number) => void;
}

interface Running {
  readonly target: string;
  readonly attempts: TestAttempt[];
  news: () => void;
}

/**
 * Tests targets on request. A marked incident takes the way of every other one, through ledger, limiter and worker, so that the
 * test shows what happens to a real alert, and a crash during the test leaves nothing open.
 */
export class TargetTests {
  readonly #o: TargetTestsOptions;
  /** Running tests by the fingerprint of their alert. */
  readonly #running = new Map<string, Running>();
  readonly #stopping = new AbortController();
  #cancel = (): void => {};

  constructor(options: TargetTestsOptions) {
    this.#o = options;
  }

  /** Sends a marked incident to a target and then its resolve. @throws TestRefused if that is not possible */
  async run(entry: ResolvedTarget): Promise<TestReport> {
    const target = nameOfTestable(entry);
    const { ledger, vault, clock } = this.#o;
    if ([...this.#running.values()].some((other) => other.target === target))
      throw new TestRefused("is being tested already");
    const alert = testAlert(target, { nonce: randomBytes(9).toString("hex"), vault, nowMs: clock.now() });
    const held = await this.#heldBack(target);
    // No event leaves while the caller waits.
    if (held?.untilMs !== undefined && held.untilMs > clock.now() + maxWaitMs)
      return { target, ok: false, dedupKey: alert.fingerprint, attempts: [], waiting: held.reason, heldBack: held };
    const running: Running = { target, attempts: [], news: () => {} };
    this.#running.set(alert.fingerprint, running);
    try {
      await ledger.unblock(target, { proven: false });
      await this.#say(alert, "firing", target);
      await this.#until(running, () => running.attempts.length > 0);
      const { incidents } = await ledger.incidents({ fingerprint: alert.fingerprint, limit: 1 });
      const heldBack = running.attempts.length === 0 ? await this.#heldBack(target) : undefined;
      await this.#say(alert, "resolved", target);
      const told = (action: string) =>
        running.attempts.some((attempt) => attempt.action === action && attempt.outcome === "accepted");
      if (mayBeOpen(running.attempts)) await this.#until(running, () => told("resolve"));
      return {
        target,
        ok: told("trigger") && told("resolve"),
        dedupKey: alert.fingerprint,
        ...(incidents[0] && { incident: incidents[0].incident.id }),
        attempts: running.attempts,
        ...(running.attempts.length === 0 && incidents[0] && { waiting: incidents[0].reason }),
        ...(heldBack && { heldBack }),
      };
    } finally {
      this.#running.delete(alert.fingerprint);
    }
  }

  async #heldBack(target: string): Promise<HeldBack | undefined> {
    const status = (await this.#o.ledger.targetStatus("held_back")).find((one) => one.target === target);
    return status && heldBackOf(status);
  }

  /**
   * Checks whether the receiver knows a target's key, with the resolve of an incident that never existed: no one is paged.
   *
   * @throws TestRefused if this target's key cannot be checked
   */
  async checkKey(entry: ResolvedTarget): Promise<TestReport> {
    const target = nameOfTestable(entry);
    const publisher = this.#o.publisherTo(target);
    if (entry.target?.type !== "pagerduty" || publisher === undefined)
      throw new TestRefused("has a type whose key cannot be checked without sending an alert");
    if (!(await this.#o.ledger.charge(target)))
      throw new TestRefused(
        "has no room for an attempt now: its limit is used up, or it is paused after HTTP 429; `tocsin targets show` says until when",
      );
    const { clock, vault } = this.#o;
    const alert = testAlert(target, { nonce: randomBytes(9).toString("hex"), vault, nowMs: clock.now() });
    const asked = { target, dedupKey: alert.fingerprint, severity: "info", summary: "", sender: "" } as const;
    const notification = this.#o.notify({
      ...firstContent(alert, asked),
      action: "check",
      event: notSent(clock.now()),
    });
    const sinceMs = clock.monotonic();
    const signal = AbortSignal.any([AbortSignal.timeout(entry.target.timeoutMs), this.#stopping.signal]);
    const outcome = await publisher.publish(notification, signal);
    const durationMs = clock.monotonic() - sinceMs;
    this.#o.attempted({ target, action: "check" }, outcome, durationMs);
    if (outcome.kind === "accepted") {
      await this.#o.ledger.unblock(target, { proven: true });
      this.#o.wake();
    }
    const attempt = attemptOf("check", outcome, { durationMs, sent: publisher.render(notification) });
    return { target, ok: outcome.kind === "accepted", dedupKey: alert.fingerprint, attempts: [attempt] };
  }

  /** The worker calls this after each attempt. */
  attempted(lease: Lease, outcome: Outcome, durationMs: number): void {
    const running = this.#running.get(lease.dedupKey);
    if (running === undefined) return;
    const sent = this.#o.publisherTo(lease.target)?.render(this.#o.notify(lease)) ?? null;
    running.attempts.push(attemptOf(lease.action, outcome, { durationMs, sent }));
    running.news();
  }

  /** Resolves the tests that a killed process left open. Repeats itself every two minutes. */
  async endAbandoned(): Promise<void> {
    const { ledger, vault, clock } = this.#o;
    this.#cancel = clock.after(abandonedMs, () => void this.endAbandoned());
    try {
      for (const alert of await ledger.firing({ prefix: testAlertPrefix, limit: 100 })) {
        const target = testedTarget(alert, vault);
        const abandoned = target !== undefined && clock.now() - alert.startsAtMs > abandonedMs;
        if (abandoned) await this.#say(alert, "resolved", target);
      }
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
    }
  }

  /** Ends all waits. */
  stop(): void {
    this.#stopping.abort();
    this.#cancel();
    for (const { news } of this.#running.values()) news();
  }

  async #say(alert: Alert, status: "firing" | "resolved", target: string): Promise<void> {
    const { ledger, clock, wake } = this.#o;
    const { summary = "" } = alert.annotations;
    const claim = {
      alert,
      status,
      source: "tocsin-test",
      ...(status === "resolved" && { endsAtMs: clock.now() }),
    };
    const recorded = ledger.record([
      { claim, routes: [{ target, dedupKey: alert.fingerprint, severity: "info", summary }] },
    ]);
    // In the same tick as the record, so that the lease and the record share a commit.
    wake();
    await recorded;
  }

  async #until(running: Running, done: () => boolean): Promise<void> {
    const { clock } = this.#o;
    const untilMs = clock.monotonic() + maxWaitMs;
    while (!done() && clock.monotonic() < untilMs && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(untilMs - clock.monotonic(), resolve);
        running.news = () => {
          cancel();
          resolve();
        };
      });
    }
  }
}

/** True if an attempt was accepted, or its outcome is unknown. */
const mayBeOpen = (attempts: readonly TestAttempt[]): boolean =>
  attempts.some(({ outcome }) => outcome === "accepted" || outcome === "ambiguous");

function attemptOf(
  action: Lease["action"],
  outcome: Outcome,
  more: Pick<TestAttempt, "durationMs" | "sent">,
): TestAttempt {
  return {
    action,
    outcome: outcome.kind,
    ...("status" in outcome && outcome.status !== undefined && { status: outcome.status }),
    answer: outcome.kind === "accepted" ? outcome.receipt : outcome.detail,
    ...more,
  };
}
