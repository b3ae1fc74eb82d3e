import { LedgerUnavailable } from "@tocsin/core/decisions";

/** Operations that one commit takes at most. This bounds how long the first of them waits for the others. */
export const maxBatchSize = 512;

/** A sender waits this long for its claims to be recorded. Then it gets a 503 and repeats them, perhaps to another replica. */
export const maxIntakeMs = 8_000;

/**
 * One operation of a batch threw, and the whole batch was undone. The calls come back with the error, so that the queue does
 * not keep them while they run: the garbage collector would copy them again and again until the commit.
 */
export class BatchFault<Call> {
  readonly calls: readonly Call[];
  readonly error: Error;

  constructor(calls: readonly Call[], error: Error) {
    this.calls = calls;
    this.error = error;
  }
}

export interface BatchQueueOptions<Call> {
  /**
   * Runs a batch in one transaction and resolves after its commit, with a result for each call, in order. An Error in place of
   * a result rejects that call alone. A batch of one call returns its error in this way, never as a `BatchFault`.
   *
   * @throws LedgerUnavailable if nothing was done, or if it is unknown whether something was done
   */
  readonly run: (calls: readonly Call[]) => Promise<readonly unknown[] | BatchFault<Call>>;
  /** Awaited before each batch is taken. Calls that arrive until then belong to the batch. */
  readonly ready?: () => Promise<void>;
}

/** Resolves or, given an Error, rejects the promise of one call. */
type Settle = (result: unknown) => void;

/**
 * Runs the operations of a ledger in batches, one batch after the other, each in one transaction. Calls of one tick, and calls
 * that arrive while a batch runs, share a batch.
 *
 *     ask ──┐              ready()              run(calls)
 *     ask ──┼──► waiting ───────────► ≤ 512 ───────────────► results ──► each call's promise
 *     ask ──┘       ▲                calls        │
 *                   │                             └─ BatchFault ──► run([call]) for each call alone,
 *          calls asked meanwhile                                    so that one call's bug costs the others nothing
 */
export class BatchQueue<Call> {
  readonly #options: BatchQueueOptions<Call>;
  #waiting: { readonly call: Call; readonly settle: Settle }[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: BatchQueueOptions<Call>) {
    this.#options = options;
  }

  /**
   * Resolves with the result of the call, after its commit.
   *
   * @param withinMs After this long the promise rejects, although the call may still run. Only for calls that may be repeated:
   *   a lost answer to any other would leave a lease or an outcome without an owner.
   * @throws LedgerUnavailable if the queue is closed, `withinMs` has passed, or the batch could not run
   */
  ask(call: Call, withinMs?: number): Promise<unknown> {
    if (this.#closed) return Promise.reject(new LedgerUnavailable("the ledger is closed"));
    return new Promise((resolve, reject) => {
      const timer =
        withinMs === undefined
          ? undefined
          : setTimeout(() => reject(new LedgerUnavailable("the ledger does not answer")), withinMs);
      const settle = (result: unknown): void => {
        clearTimeout(timer);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      this.#waiting.push({ call, settle });
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      let batch: Settle[] | undefined;
      try {
        if (this.#options.ready) await this.#options.ready();
        const started = this.#start();
        batch = started.batch;
        const result = await started.result;
        if (result instanceof BatchFault) await this.#runEach(result.calls, batch);
        else for (const [index, settle] of batch.entries()) settle(result[index]);
      } catch (error) {
        // If `ready` failed, the calls that waited for it fail.
        batch ??= this.#take().map(({ settle }) => settle);
        for (const settle of batch) settle(asError(error));
      }
    }
    this.#running = undefined;
  }

  #take() {
    return this.#waiting.splice(0, maxBatchSize);
  }

  /** Not a part of `#run`, whose frame would keep the calls until the commit. */
  #start() {
    const taken = this.#take();
    const result = this.#options.run(taken.map(({ call }) => call));
    return { batch: taken.map(({ settle }) => settle), result };
  }

  async #runEach(calls: readonly Call[], batch: readonly Settle[]): Promise<void> {
    for (const [index, call] of calls.entries()) {
      const result = await this.#options.run([call]).catch(asError);
      const alone = result instanceof BatchFault ? result.error : result instanceof Error ? result : result[0];
      batch[index]?.(alone);
    }
  }

  /** Refuses calls from now on, and resolves once every earlier call has its answer. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
