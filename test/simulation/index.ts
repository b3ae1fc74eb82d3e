export { type PlayedPeople, playPeople } from "./people/play-people.ts";
export { classifiedScenarioOf } from "./classified-scenario.ts";
export { mustHold } from "./must-hold.ts";
export { readableKinds, readingScenarioOf } from "./reading-scenario.ts";
export type { ReaderOptions, StartReader } from "./reading.ts";
export { type Scenario, scenarioOf } from "./scenario.ts";
export { type Result, simulate } from "./simulate.ts";
