import { type Ledger, LedgerUnavailable } from "@tocsin/core";

/** Receives the results of commits. */
export interface CommitObserver {
  committed(): void;
  commitFailed(why: string): void;
}

/** The operations of intake and worker, which commit all the time. */
type Committing = Pick<Ledger, "record" | "recordChanges" | "storeReceiverEvents" | "leaseDue" | "settle" | "release">;

/**
 * Returns the ledger, which now reports its commits. A recorded claim or change shows that the ledger commits. The other
 * operations report failures only: if they had nothing to write, their success shows nothing.
 */
export function reportCommits<L extends Committing>(ledger: L, observer: CommitObserver): L {
  const reportFailure = async <Result>(operation: Promise<Result>): Promise<Result> => {
    try {
      return await operation;
    } catch (error) {
      if (error instanceof LedgerUnavailable) observer.commitFailed(error.message);
      throw error;
    }
  };
  return {
    ...ledger,
    async record(claims) {
      const recorded = await reportFailure(ledger.record(claims));
      observer.committed();
      return recorded;
    },
    async recordChanges(changes) {
      const recorded = await reportFailure(ledger.recordChanges(changes));
      observer.committed();
      return recorded;
    },
    storeReceiverEvents: (events) => reportFailure(ledger.storeReceiverEvents(events)),
    leaseDue: (request) => reportFailure(ledger.leaseDue(request)),
    settle: (reports) => reportFailure(ledger.settle(reports)),
    release: (owner) => reportFailure(ledger.release(owner)),
  };
}
