/**
 * Steps of work that the filters of all targets may take for one alert. A step is about ten nanoseconds: one instruction of a
 * pattern on one character, or a string comparison over 16 characters. Estimates are upper bounds.
 */
export const stepLimits = {
  /** Each target has these for itself, so that the filters of one target cannot use up those of another. */
  ofTarget: 20_000,
  /** What exceeds them comes from these, first come first served: some 60 ms in all. */
  shared: 5_000_000,
};

/**
 * Thrown by a filter that would take too long. The alert passes that filter: one page too many is better than one lost.
 * One object for all, since making an error costs more than most filters.
 */
export const tooCostly = new Error("the filter would take too many steps");

/** What is left for one alert. */
export class FilterBudget {
  #shared = stepLimits.shared;
  #ofTarget = stepLimits.ofTarget;

  nextTarget(): void {
    this.#ofTarget = stepLimits.ofTarget;
  }

  /** @throws tooCostly */
  take(steps: number): void {
    const missing = steps - this.#ofTarget;
    if (missing <= 0) {
      this.#ofTarget -= steps;
      return;
    }
    if (missing > this.#shared) throw tooCostly;
    this.#ofTarget = 0;
    this.#shared -= missing;
  }
}
