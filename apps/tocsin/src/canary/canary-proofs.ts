import type { PagerDutyRest } from "@tocsin/publishers";
import { coveredBy } from "../callbacks/covered-by.ts";
import { fullNames } from "../callbacks/full-names.ts";
import type { Config } from "../config/config.ts";
import type { CanaryOptions } from "./canary.ts";

export interface CanaryProofSources {
  readonly callbacks: () => Config["callbacks"];
  /** Returns a target by its full or short name. Undefined: there is none. */
  readonly find: (target: string) => { readonly name: string } | undefined;
  /** Reads the API of a target's receiver. Undefined: the target has no `rest_token`. */
  readonly restClientOf: (target: string) => Pick<PagerDutyRest, "findIncident"> | undefined;
}

/** The best proof at a target: a report of its receiver, else a look into the receiver's API, else the delivery only. */
export const canaryProofs = ({
  callbacks,
  find,
  restClientOf,
}: CanaryProofSources): Pick<CanaryOptions, "proofAt" | "lookUp"> => ({
  proofAt(target) {
    if (fullNames(coveredBy(callbacks()), find).includes(target)) return "callback";
    return restClientOf(target) === undefined ? "delivery" : "look_up";
  },
  async lookUp(target, dedupKey) {
    const found = await restClientOf(target)?.findIncident(dedupKey);
    return found?.ok === true ? found.value !== null : undefined;
  },
});
