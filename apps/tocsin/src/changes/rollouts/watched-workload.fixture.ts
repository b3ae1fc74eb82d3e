import type { Change } from "@tocsin/core";
import { type Played, type PlayedObject, PlayedWorkload } from "../../kubernetes/played-workload.fixture.ts";
import { type Advance, advance, advanceToDeletion, advanceToStall } from "./advance.ts";
import type { KnownWorkload } from "./known-workload.ts";
import { isStalled } from "./rollout-of.ts";
import { seenWorkload } from "./seen-workload.ts";

/** Applies versions of one workload in order, as the watcher does, without a ledger and without a server. */
export class WatchedWorkload {
  readonly workload: PlayedWorkload;
  /** Every change that was to be recorded, in order. */
  readonly recorded: Change[] = [];
  known: KnownWorkload | undefined;
  nowMs = Date.now();
  /** False: versions are played and not seen. */
  isWatching = true;
  readonly #kind: Played["kind"];

  constructor(played: Omit<Played, "show">) {
    this.#kind = played.kind;
    this.workload = new PlayedWorkload({ ...played, show: (object) => this.isWatching && this.see(object) });
  }

  see(object: PlayedObject | undefined, isFirst = false): void {
    const { known, nowMs } = this;
    if (object !== undefined) {
      const seen = seenWorkload(this.#kind, object.metadata.namespace, object, () => known);
      if (seen !== undefined) this.#take(advance(known, seen, { isFirst, nowMs }));
    } else if (known !== undefined) this.#take(advanceToDeletion(known, { nowMs }));
  }

  /** A list after a gap. */
  relist(): void {
    this.see(this.workload.object);
  }

  /** Time passes. */
  wait(ms: number, deadlineMs = 600_000): void {
    this.nowMs += ms;
    if (this.known && isStalled(this.known, this.nowMs, deadlineMs))
      this.#take(advanceToStall(this.known, "it stalled"));
  }

  /** The changes as the ledger keeps them: each id once, with its last state, until it has ended. */
  get changes(): readonly Change[] {
    const kept = new Map<string, Change>();
    for (const change of this.recorded) {
      const before = kept.get(change.id);
      if (before === undefined || before.state === "running") kept.set(change.id, change);
    }
    return [...kept.values()];
  }

  get summaries(): string[] {
    return this.changes.map(({ summary }) => summary);
  }

  #take({ known, changes }: Advance): void {
    // The stored form is JSON.
    this.known = known && (JSON.parse(JSON.stringify(known)) as KnownWorkload);
    this.recorded.push(...changes);
  }
}
