/** Determines how long an instance has been up, although its clock may differ from ours. */
export class AlertmanagerUptime {
  #seen: { readonly uptime: string; readonly atMs: number; readonly restarted: boolean } | undefined;

  /**
   * `uptime` is the start as the instance wrote it: a different text means a restart. An observed restart counts from that
   * moment. Otherwise the longer of two times counts: the time since the start by both clocks, or the time since the instance
   * was first seen.
   */
  of(
    status: { readonly uptime: string; readonly startedAtMs: number },
    at: { readonly nowMs: number; readonly monotonicMs: number },
  ): number {
    if (this.#seen?.uptime !== status.uptime)
      this.#seen = { uptime: status.uptime, atMs: at.monotonicMs, restarted: this.#seen !== undefined };
    const sinceSeenMs = at.monotonicMs - this.#seen.atMs;
    return this.#seen.restarted ? sinceSeenMs : Math.max(sinceSeenMs, at.nowMs - status.startedAtMs);
  }
}
