import type {
  Alert,
  CachedVerdict,
  Classifier,
  ClassifierResult,
  Clock,
  Ledger,
  Verdict,
  VerdictAbsence,
} from "@tocsin/core";
import type { CallBreaker } from "./call-breaker.ts";
import type { ClassificationSettings } from "./classification-settings.ts";

/** Shapes that wait for a call. If there are more, their pages do not wait. */
const maxShapes = 1_000;

/** Alerts that wait for the calls. */
const maxAlerts = 20_000;

/** How soon to ask again for a shape that another replica asks the model about. */
const askAgainMs = 50;

/** Time for the ledger after a call, ms. Afterwards another replica may call. */
const leaseMarginMs = 2_000;

/** What the model, or the cache, says about a shape. */
export type ShapeAnswer =
  | { readonly kind: "verdict"; readonly verdict: Verdict; readonly promptHash: string; readonly called: boolean }
  | { readonly kind: "none"; readonly absent: VerdictAbsence };

/** One call of the model that ended, in numbers. */
export interface EndedCall {
  readonly result: ClassifierResult;
  readonly durationMs: number;
  /** The breaker opened because of it. */
  readonly opened: boolean;
}

export interface ShapeCallsOptions<Waiter> {
  readonly ledger: Pick<Ledger, "claimShape" | "storeShape">;
  readonly clock: Clock;
  readonly classifier: Classifier;
  readonly breaker: CallBreaker;
  readonly settings: Pick<ClassificationSettings, "budgetMs" | "cacheForMs" | "llm">;
  /** Names this process. */
  readonly owner: string;
  readonly called: (call: EndedCall) => void;
  readonly cached: (cached: CachedVerdict) => void;
  readonly budgetUsed: (untilMs: number) => void;
  /** There is an answer, or there will be none. */
  readonly settled: (waiters: readonly Waiter[], answer: ShapeAnswer) => void;
}

interface Flight<Waiter> {
  readonly shape: string;
  readonly alert: Alert;
  readonly waiters: Waiter[];
  /** When the last waiter stops waiting, by the monotonic clock. */
  untilMs: number;
}

/** Asks a model about shapes: once for each at a time, in this process and over all replicas. Never throws. */
export class ShapeCalls<Waiter> {
  readonly #o: ShapeCallsOptions<Waiter>;
  readonly #flights = new Map<string, Flight<Waiter>>();
  #waiting: Flight<Waiter>[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #controllers = new Set<AbortController>();
  readonly #cancels = new Set<() => void>();
  #alerts = 0;
  #stopped = false;

  constructor(options: ShapeCallsOptions<Waiter>) {
    this.#o = options;
  }

  get isFull(): boolean {
    return this.#stopped || this.#flights.size >= maxShapes || this.#alerts >= maxAlerts;
  }

  /** Asks about the shape of an alert. `waitMs`: afterwards the waiter needs no answer. */
  ask(shape: string, alert: Alert, { waiter, waitMs }: { readonly waiter: Waiter; readonly waitMs: number }): void {
    if (this.#stopped) return;
    const untilMs = this.#o.clock.monotonic() + waitMs;
    this.#alerts++;
    const known = this.#flights.get(shape);
    if (known) {
      known.waiters.push(waiter);
      known.untilMs = Math.max(known.untilMs, untilMs);
      return;
    }
    const flight = { shape, alert, waiters: [waiter], untilMs };
    this.#flights.set(shape, flight);
    this.#waiting.push(flight);
    this.#pump();
  }

  /** Ends the calls that run. Nobody who waits gets an answer: the deadline in the ledger decides. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting = [];
    this.#flights.clear();
    for (const cancel of this.#cancels) cancel();
    for (const controller of this.#controllers) controller.abort();
    await Promise.all(this.#running);
  }

  #pump(): void {
    const { breaker, clock } = this.#o;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const absent = first.untilMs <= clock.monotonic() ? "late" : breaker.refuses ? "breaker_open" : undefined;
      if (absent === undefined && !breaker.tryStart()) return;
      this.#waiting.shift();
      if (absent === undefined) this.#start(first);
      else this.#settle(first, { kind: "none", absent });
    }
  }

  #start(flight: Flight<Waiter>): void {
    const run = this.#fly(flight).finally(() => {
      this.#running.delete(run);
      this.#pump();
    });
    this.#running.add(run);
  }

  async #fly(flight: Flight<Waiter>): Promise<void> {
    const { ledger, breaker, settings, owner, classifier } = this.#o;
    const { shape } = flight;
    const { maxCallsPerHour = 0, maxTokensPerHour = 0 } = settings.llm ?? {};
    let claimed;
    try {
      claimed = await ledger.claimShape({
        shape,
        owner,
        leaseMs: settings.budgetMs + leaseMarginMs,
        maxCallsPerHour: maxCallsPerHour || undefined,
        maxTokensPerHour: maxTokensPerHour || undefined,
      });
    } catch {
      breaker.released();
      this.#settle(flight, { kind: "none", absent: "failed" });
      return;
    }
    if (claimed.kind === "claimed") {
      await this.#call(flight, classifier.promptHash(flight.alert));
      return;
    }
    breaker.released();
    if (claimed.kind === "cached") {
      const { cached } = claimed;
      this.#o.cached(cached);
      this.#settle(flight, { kind: "verdict", ...cached, called: false });
    } else if (claimed.kind === "budget_used") {
      this.#o.budgetUsed(claimed.untilMs);
      this.#settle(flight, { kind: "none", absent: "budget_used" });
    } else this.#askAgain(flight);
  }

  #askAgain(flight: Flight<Waiter>): void {
    if (this.#stopped) return;
    const cancel = this.#o.clock.after(askAgainMs, () => {
      this.#cancels.delete(cancel);
      this.#waiting.push(flight);
      this.#pump();
    });
    this.#cancels.add(cancel);
  }

  async #call(flight: Flight<Waiter>, promptHash: string): Promise<void> {
    const { ledger, breaker, settings, owner, clock } = this.#o;
    const startedMs = clock.monotonic();
    const result = await this.#classify(flight.alert);
    const { input = 0, output = 0 } = result.tokens ?? {};
    const verdict = result.kind === "verdict" ? result.verdict : undefined;
    const { shape } = flight;
    if (this.#stopped) breaker.released();
    else {
      let opened = false;
      if (result.kind === "verdict") breaker.succeeded();
      else opened = breaker.failed(result.retryAfterMs);
      this.#o.called({ result, durationMs: clock.monotonic() - startedMs, opened });
      if (verdict && settings.cacheForMs > 0)
        this.#o.cached({ shape, verdict, promptHash, untilMs: clock.now() + settings.cacheForMs });
      this.#settle(
        flight,
        verdict
          ? { kind: "verdict", verdict, promptHash, called: true }
          : { kind: "none", absent: result.kind === "failed" && result.reason === "timeout" ? "late" : "failed" },
      );
    }
    try {
      const { cacheForMs } = settings;
      await ledger.storeShape({ shape, owner, verdict, promptHash, cacheForMs, tokens: input + output });
    } catch {
      // The claim ends by itself, and the next alert of this shape asks again.
    }
  }

  async #classify(alert: Alert): Promise<ClassifierResult> {
    const { classifier, clock, settings } = this.#o;
    const controller = new AbortController();
    this.#controllers.add(controller);
    const ended = Promise.withResolvers<ClassifierResult>();
    const timeout = { kind: "failed", reason: "timeout", detail: "no answer in time" } as const;
    controller.signal.addEventListener("abort", () => ended.resolve(timeout), { once: true });
    const cancel = clock.after(settings.budgetMs, () => controller.abort());
    try {
      // A classifier that does not obey the signal holds nobody up.
      return await Promise.race([classifier.classify(alert, controller.signal), ended.promise]);
    } catch {
      return { kind: "failed", reason: "invalid_answer", detail: "the call failed because of a bug" };
    } finally {
      cancel();
      this.#controllers.delete(controller);
    }
  }

  #settle(flight: Flight<Waiter>, answer: ShapeAnswer): void {
    if (this.#stopped) return;
    this.#flights.delete(flight.shape);
    this.#alerts -= flight.waiters.length;
    this.#o.settled(flight.waiters, answer);
  }
}
