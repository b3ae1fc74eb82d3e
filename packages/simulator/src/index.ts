export type { SimulatorAnswer, SimulatorRequest, Mishap, Region } from "./exchange.ts";
export type { Applied, FaultKind, FaultSetting } from "./faults/fault.ts";
export { SettingError } from "./setting-error.ts";
export type { Issue } from "./setting-error.ts";
export type { LimitSetting } from "./limits.ts";
export type { ChangeRow, EventRow, FaultRow, IncidentRow, RefusalRow, RequestRow } from "./rows.ts";
export type { Listening, ListenOptions } from "./server.ts";
export { Simulator } from "./simulator.ts";
export type { SimulatorOptions } from "./simulator.ts";
