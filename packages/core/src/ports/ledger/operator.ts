/** The part of the ledger that operators use, and the service on their behalf: commands, retention and readiness. */
export interface Operator {
  /** By a person. False: there is no open incident with this number. */
  acknowledge(incident: number, by: string): Promise<boolean>;
  /** By a person. False: there is no open incident with this number. */
  resolve(incident: number, by: string): Promise<boolean>;
  dropDeadLetter(id: number): Promise<boolean>;
  /** Re-evaluates this dead letter once, and sends it if the desired state still requires it. */
  replay(id: number): Promise<"replayed" | "already_replayed" | "not_found">;
  /**
   * Sends the last event of an incident again, because the receiver does not show its effect. False: nothing was done, because the
   * incident or its key changed since, an event is on its way, or there is no such difference.
   */
  repairIncident(repair: IncidentRepair): Promise<boolean>;
  /**
   * Ends the wait of a target that was blocked (`unauthorized`, `misconfigured`): the next attempt is made at once. `proven`: the
   * target is known to accept its credential, so events are sent without a trial attempt.
   */
  unblock(target: string, how: { readonly proven: boolean }): Promise<void>;
  /**
   * Deletes what was over before then, and changes that were accepted before `changesBeforeMs`; a bounded number of rows per
   * call. Returns how many rows it deleted, 0 when done.
   */
  deleteExpired(beforeMs: number, changesBeforeMs: number): Promise<number>;
  /** Writes and commits a row without meaning, to show that the ledger can commit: readiness. */
  probe(): Promise<void>;
}

/** What the receiver's API showed about an incident. */
export interface IncidentRepair {
  readonly incident: number;
  /** `told.atMs` of the incident, read before the receiver was asked. */
  readonly toldAtMs: number;
  /** Whether the receiver has an open incident for its dedup key. */
  readonly isOpenThere: boolean;
  /** For the history. */
  readonly why: string;
}
