export { mustHold } from "./explain.ts";
export { type Scenario, scenarioOf } from "./scenario.ts";
export { type Result, simulate } from "./simulate.ts";
