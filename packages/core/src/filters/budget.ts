/**
 * Steps of work that the filters of all targets may take for one alert. A step takes about ten nanoseconds: one instruction of a
 * pattern on one character, or a string comparison over 16 characters. Estimates are upper bounds.
 */
export const stepLimits = {
  /** Each target has its own steps, so that the filters of one target cannot use up those of another. */
  ofTarget: 20_000,
  /** Steps beyond a target's own come from this pool, first come first served: about 60 ms in total. */
  shared: 5_000_000,
};

/**
 * Thrown by a filter that would take too long. The alert passes that filter: an extra page is better than a lost one.
 * There is only one error object, since making an error costs more than most filters.
 */
export const tooCostly = new Error("the filter would take too many steps");

/** Counts the steps that are left for one alert. */
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
