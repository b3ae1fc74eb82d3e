import type { Logger } from "../telemetry/logger.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import { noTargetCanReceive } from "./target-warnings.ts";

/** Logs the problems of targets, each once until it changes. */
export class TargetLog {
  readonly #log: Logger;
  /** The problems that were logged of each target. */
  #said = new Map<string, string>();
  /** The message that was logged last; undefined: at least one target can receive alerts. */
  #noTarget: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Logs the errors and warnings of targets that are new or have changed. `entries` are all targets. */
  logProblems(entries: readonly ResolvedTarget[]): void {
    const log = this.#log;
    const before = this.#said;
    this.#said = new Map();
    for (const { name, place, errors, warnings, inForce, refused } of entries) {
      const words = JSON.stringify([errors, warnings, inForce]);
      this.#said.set(name, words);
      if (before.get(name) === words) continue;
      if (refused !== undefined)
        log.error(
          { event: "target_refused", target: name, place, reason: refused, errors, inForce },
          "Target is refused",
        );
      else if (errors.length > 0)
        log.error({ event: "target_invalid", target: name, place, errors, inForce }, "Target is invalid");
      if (warnings.length > 0)
        log.warn({ event: "target_warning", target: name, place, warnings }, "Target may not work as intended");
    }
  }

  /**
   * Logs that no target can receive alerts, and when one can again: an error if something must be repaired, a warning if all
   * targets are disabled or shadows on purpose.
   */
  logNoTarget(entries: readonly ResolvedTarget[]): void {
    const noTarget = noTargetCanReceive(entries);
    if (noTarget === this.#noTarget) return;
    this.#noTarget = noTarget;
    if (noTarget === undefined)
      return this.#log.info({ event: "target_available" }, "At least one target can receive alerts");
    const deliberate = entries.some(({ target }) => target !== undefined);
    this.#log[deliberate ? "warn" : "error"]({ event: "no_target" }, `Alerts are recorded but not sent: ${noTarget}`);
  }
}
