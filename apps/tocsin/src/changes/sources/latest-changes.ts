import type { Change, Ledger } from "@tocsin/core";
import { changeId } from "./change-id.ts";
import type { ObjectState } from "./source-type.ts";

/** The latest change of an object, as it is stored. */
interface Latest {
  readonly state: string;
  readonly id: string;
  readonly atMs: number;
}

/**
 * Recognizes repeats of the latest change of an object, for senders that repeat an event as long as its state lasts. The states
 * A, B, A are three changes, and A, A is one, also over restarts and replicas.
 *
 * The latest change is read and written outside the commit that records the change. If the process ends between them, the sender's
 * next event leads to the same id. If two replicas receive different events of one object at the same time, either can count as
 * the latest.
 */
export class LatestChanges {
  readonly #ledger: Pick<Ledger, "getValue" | "putValue">;
  /** By object: the call that runs last. Calls about one object run one after the other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(ledger: Pick<Ledger, "getValue" | "putValue">) {
    this.#ledger = ledger;
  }

  /**
   * Records a change with its id among the changes of its object.
   *
   * @param record records the change; it may be a duplicate
   * @throws LedgerUnavailable
   */
  async record<Out>(
    change: Change,
    { object, state }: ObjectState,
    record: (change: Change) => Promise<Out>,
  ): Promise<Out> {
    const name = `changes/${change.origin}/${object}`;
    const recording = (this.#last.get(name) ?? Promise.resolve()).then(() => this.#record(name, change, state, record));
    const ended = recording.catch(() => undefined);
    this.#last.set(name, ended);
    try {
      return await recording;
    } finally {
      if (this.#last.get(name) === ended) this.#last.delete(name);
    }
  }

  async #record<Out>(
    name: string,
    change: Change,
    state: string,
    record: (change: Change) => Promise<Out>,
  ): Promise<Out> {
    const latest = parsed(await this.#ledger.getValue(name));
    const id = idOf(change, state, latest);
    const recorded = await record({ ...change, id });
    // An older event that arrives late is not the latest change.
    if (id !== latest?.id && !(latest && change.timestampMs < latest.atMs))
      await this.#ledger.putValue(name, JSON.stringify({ state, id, atMs: change.timestampMs } satisfies Latest));
    return recorded;
  }
}

/** The id of a change after the latest one of its object. */
function idOf(change: Change, state: string, latest: Latest | undefined): string {
  if (latest === undefined) return change.id;
  if (latest.state === state) return latest.id;
  // Two events of one second: without the latest id, the first and third of A, B, A would be one change.
  return latest.atMs === change.timestampMs ? changeId(change.id, latest.id) : change.id;
}

function parsed(text: string | undefined): Latest | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Latest);
}
