/** How long an instance has been up, although its clock may differ from ours. */
export class UpTime {
  #seen: { readonly uptime: string; readonly atMs: number; readonly restarted: boolean } | undefined;

  /**
   * `uptime` is the start as the instance wrote it: another text is another start. A start that was seen to change counts from
   * then on. Otherwise the longer of two times counts: since the start by both clocks, or since it was seen first.
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
