import { type DeliverySettings, type Ledger, LedgerUnavailable, type Reading } from "@tocsin/core/decisions";
import { ledgerOver, MemoryStore, openSqliteLedger } from "@tocsin/engine";
import type { Random } from "../kit/random.ts";
import type { LedgerOptions } from "../contracts/ledger/ledger-harness.ts";
import { PowerLoss } from "./power-loss.ts";
import { Scratch } from "../kit/scratch.ts";
import type { VirtualClock } from "../kit/virtual-clock.ts";
import type { ProcessLifecycle } from "./process-lifecycle.ts";
import type { Scenario } from "./scenario.ts";

type Operation = Exclude<keyof Ledger, typeof Symbol.asyncDispose | "watch">;
type Applied = (operation: Operation, args: readonly unknown[], result: unknown) => void;

/** Another ledger in place of the scenario's: the same one each time that it is opened. */
export type OpenLedger = (options: LedgerOptions) => Promise<Ledger>;

/** Hosts the ledger and runs its callers' operations one after another; each of them may fail. */
export class LedgerHost implements AsyncDisposable {
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #settings: DeliverySettings;
  readonly #onApplied: Applied;
  readonly #onCrash: (lifecycle: ProcessLifecycle) => void;
  readonly #onFate: (what: string) => void;
  readonly #store = new MemoryStore();
  readonly #scratch: Scratch | undefined;
  /** The power failed: nothing is done any more. */
  #struck = false;
  readonly #opener: OpenLedger | undefined;
  #ledger: Ledger | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closedAtMs: number | undefined;
  readonly #stops: { readonly untilMs: number; readonly forMs: number }[] = [];
  /** Nothing goes wrong any more. */
  calm = false;

  constructor(o: {
    readonly scenario: Scenario;
    readonly clock: VirtualClock;
    readonly random: Random;
    readonly settings: DeliverySettings;
    /** Called at the moment at which something was done, heard of or not. */
    readonly onApplied: Applied;
    readonly onCrash: (lifecycle: ProcessLifecycle) => void;
    readonly onFate: (what: string) => void;
    readonly openLedger?: OpenLedger | undefined;
  }) {
    this.#scenario = o.scenario;
    this.#clock = o.clock;
    this.#random = o.random;
    this.#settings = o.settings;
    this.#onApplied = o.onApplied;
    this.#onCrash = o.onCrash;
    this.#onFate = o.onFate;
    this.#opener = o.openLedger;
    if (o.scenario.ledger === "sqlite" && !o.openLedger) this.#scratch = new Scratch();
  }

  async open(): Promise<void> {
    this.#noteStop();
    const options = { clock: this.#clock, settings: this.#settings, random: this.#random.next };
    if (this.#path) PowerLoss.restore(this.#path);
    this.#struck = false;
    if (this.#opener) this.#ledger = await this.#clock.hold(this.#opener(options));
    else
      this.#ledger = this.#path
        ? await openSqliteLedger({ ...options, path: this.#path, thread: false })
        : ledgerOver(this.#store, { ...options, soleOwner: this.#scenario.lives === "together" });
  }

  get #path(): string | undefined {
    return this.#scratch?.file("tocsin.db");
  }

  async close(): Promise<void> {
    const ledger = this.#ledger;
    this.#ledger = undefined;
    if (ledger) this.#closedAtMs = this.#clock.monotonic();
    if (ledger) await this.#clock.hold(Promise.resolve(ledger[Symbol.asyncDispose]()));
  }

  /**
   * For how long the ledger's time has stood still since then, ms. It never runs back: while no process runs whose monotonic
   * clock carries it on, it waits for a wall clock that was set back.
   */
  stoodStillMs(sinceMs: number): number {
    return this.#stops.reduce((sum, { untilMs, forMs }) => sum + (untilMs > sinceMs ? forMs : 0), 0);
  }

  #noteStop(): void {
    if (this.#closedAtMs === undefined) return;
    const untilMs = this.#clock.monotonic();
    const behindMs = untilMs - this.#clock.now() - this.stoodStillMs(0);
    const forMs = Math.min(untilMs - this.#closedAtMs, behindMs);
    if (forMs > 0) this.#stops.push({ untilMs, forMs });
    this.#closedAtMs = undefined;
  }

  get isOpen(): boolean {
    return this.#ledger !== undefined;
  }

  /** Direct access that no process of the cluster has: immediate and without faults. */
  get direct(): Ledger {
    if (!this.#ledger) throw new Error("the ledger is closed");
    return this.#ledger;
  }

  /** The port as a process has it. */
  portOf(lifecycle: ProcessLifecycle): Ledger {
    return new Proxy({} as Ledger, {
      get: (_, operation) =>
        typeof operation === "symbol"
          ? async () => {}
          : (...args: readonly unknown[]) => this.#ask(lifecycle, operation as Operation, args),
    });
  }

  async #ask(lifecycle: ProcessLifecycle, operation: Operation, args: readonly unknown[]): Promise<unknown> {
    const fate = this.#fate();
    if (fate !== undefined) this.#onFate(`${operation} of ${lifecycle.name} meets ${fate}`);
    if (fate === "crashBefore") return this.#crash(lifecycle);
    let answer: { readonly value: unknown } | { readonly error: unknown };
    try {
      answer = { value: await this.#inTurn(lifecycle, operation, args, fate) };
    } catch (error) {
      answer = { error };
    }
    if (fate === "crashAfter" || fate === "torn") return this.#crash(lifecycle);
    await lifecycle.turn();
    if ("error" in answer) throw answer.error;
    if (fate === "lostAnswer") throw new LedgerUnavailable("the answer was lost");
    return answer.value;
  }

  /** Runs operations in order; a slow commit delays the next ones. */
  #inTurn(
    lifecycle: ProcessLifecycle,
    operation: Operation,
    args: readonly unknown[],
    fate: string | undefined,
  ): Promise<unknown> {
    const done = this.#tail.then(async () => {
      const { slowMs } = this.#scenario.trouble.ledger;
      if (fate === "slow")
        await new Promise<void>((resolve) => this.#clock.after(this.#random.between(1, slowMs), resolve));
      if (!this.#ledger || this.#struck || fate === "refused") throw new LedgerUnavailable("the ledger cannot commit");
      const ledger = this.#ledger;
      const run = ledger[operation] as (...args: readonly unknown[]) => Promise<unknown>;
      const powerLoss = fate === "torn" && this.#path && !lifecycle.over ? new PowerLoss(this.#path) : undefined;
      const result = await this.#clock.hold(run(...args));
      if (powerLoss) {
        powerLoss.strike(this.#random.between(1, 1_000) / 1_000);
        this.#struck = true;
        return undefined;
      }
      if (operation === "recordReading") this.#onApplied(operation, args, await this.#alertsRead(ledger, args));
      else this.#onApplied(operation, args, result);
      return result;
    });
    this.#tail = done.catch(() => {});
    return done;
  }

  /** A reading returns nothing: its effect is visible in the alerts that it names. */
  #alertsRead(ledger: Ledger, [reading]: readonly unknown[]): Promise<unknown> {
    const { findings } = reading as Reading;
    return this.#clock.hold(Promise.all(findings.map(({ fingerprint }) => ledger.alert(fingerprint))));
  }

  #fate(): string | undefined {
    if (this.calm) return undefined;
    let dice = this.#random.next();
    const { refused, lostAnswer, crashBefore, crashAfter, slow, torn } = this.#scenario.trouble.ledger;
    for (const [fate, share] of Object.entries({ refused, lostAnswer, crashBefore, crashAfter, slow, torn })) {
      if (dice < share) return fate;
      dice -= share;
    }
    return undefined;
  }

  #crash(lifecycle: ProcessLifecycle): Promise<never> {
    this.#onCrash(lifecycle);
    return new Promise(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#scratch?.[Symbol.dispose]();
  }
}
