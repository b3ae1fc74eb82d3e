import { Random } from "../kit/random.ts";
import { type ClassifierPlan, modelTempers } from "./classifier-plan.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";

const second = 1_000;

/** A run whose alerts are classified. Its filters do not depend on severities, so that the judge knows which alerts must be sent. */
export function classifiedScenarioOf(seed: number): Scenario {
  const random = new Random(seed).fork("classification");
  const scenario = scenarioOf(seed);
  const classification: ClassifierPlan = {
    temper: random.pick(modelTempers),
    apply: random.pick(["fill", "override", "override"]),
    floor: random.pick(["critical", "error"]),
    threshold: random.pick([0.5, 0.8, 0.95]),
    excludeNoise: random.chance(0.6),
    criticalMs: random.pick([0, second, 3 * second]),
    otherMs: random.pick([2 * second, 10 * second, 60 * second]),
    maxCallsPerHour: random.chance(0.3) ? random.between(1, 20) : undefined,
  };
  const targets = scenario.targets.map((target) => ({ ...target, least: "info" as const }));
  return { ...scenario, targets, retrigger: "severity", classification };
}
