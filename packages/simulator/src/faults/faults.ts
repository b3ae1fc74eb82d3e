import type { Region } from "../state/region.ts";
import { seededRandom } from "./random.ts";
import type { Random } from "./random.ts";
import { strikesEarly } from "./fault.ts";
import type { Fault } from "./fault.ts";

/** The facts about a request that decide which faults hit it. */
export interface Met {
  readonly receiver: string;
  readonly region: Region;
  readonly key?: string | undefined;
  readonly action?: string | undefined;
  readonly atMs: number;
}

/** The active faults and their random generator. The first fault that fits wins; `skew` is added to any other. */
export class Faults {
  #faults: readonly Fault[] = [];
  #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  get list(): readonly Fault[] {
    return this.#faults;
  }

  /** Replaces all faults. A seed restarts the random generator. */
  set(faults: readonly Fault[], seed?: number): void {
    this.#faults = faults;
    if (seed !== undefined) this.#random = seededRandom(seed);
  }

  /** Returns the fault that strikes before the request is read, if there is one. */
  pickEarly(met: Met): Fault | undefined {
    return this.#pick(met, strikesEarly);
  }

  pick(met: Met): Fault | undefined {
    return this.#pick(met, (kind) => !strikesEarly(kind) && kind !== "skew");
  }

  skewMs(met: Met): number {
    return this.#pick(met, (kind) => kind === "skew")?.byMs ?? 0;
  }

  /** Whether connections are refused. On a socket only a fault without conditions can do that. */
  refusesAll(region: Region, atMs: number): boolean {
    return this.#faults.some(
      (fault) =>
        fault.kind === "refuse" &&
        fault.receiver === undefined &&
        fault.share === 1 &&
        fault.times === Infinity &&
        isInForce(fault, { region, atMs }),
    );
  }

  /** Whether the receiver applies a request that this fault hit. */
  applies(fault: Fault): boolean {
    return fault.applied === "maybe" ? this.#random() < 0.5 : fault.applied;
  }

  #pick(met: Met, fits: (kind: Fault["kind"]) => boolean): Fault | undefined {
    for (const fault of this.#faults) {
      if (!fits(fault.kind) || fault.met >= fault.times || !isInForce(fault, met)) continue;
      if (fault.receiver !== undefined && fault.receiver !== met.receiver) continue;
      if (fault.key !== undefined && fault.key !== met.key) continue;
      if (fault.action !== undefined && fault.action !== met.action) continue;
      // Draws a random number only if chance decides, so that adding a certain fault does not shift the others.
      if (fault.share < 1 && this.#random() >= fault.share) continue;
      fault.met += 1;
      return fault;
    }
    return undefined;
  }
}

const isInForce = (fault: Fault, met: { readonly region: Region; readonly atMs: number }): boolean =>
  fault.fromMs <= met.atMs && met.atMs < fault.untilMs && (fault.region === undefined || fault.region === met.region);
