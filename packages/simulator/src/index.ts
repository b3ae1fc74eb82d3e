export type { SimulatorAnswer, SimulatorRequest, Mishap, Region } from "./exchange.ts";
export { SettingError } from "./limits.ts";
export type { LimitSetting } from "./limits.ts";
export type { ChangeRow, EventRow, IncidentRow, RefusalRow, RequestRow } from "./rows.ts";
export type { Listening, ListenOptions } from "./server.ts";
export { Simulator } from "./simulator.ts";
export type { SimulatorOptions } from "./simulator.ts";
