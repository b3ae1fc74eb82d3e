export { hashKey } from "./state/credentials.ts";
export type { SimulatorAnswer, SimulatorRequest, Mishap, Region } from "./server/exchange.ts";
export type { Applied, FaultKind, FaultSetting } from "./faults/fault.ts";
export { SettingError } from "./setting-error.ts";
export type { Issue } from "./setting-error.ts";
export type { LimitSetting } from "./state/limits.ts";
export { findingKinds } from "./oracle/findings.ts";
export type { Finding, FindingKind } from "./oracle/findings.ts";
export { judge } from "./oracle/judge.ts";
export type { Observed, Verdict } from "./oracle/judge.ts";
export { exitCode, reportInWords } from "./oracle/report.ts";
export type { Report } from "./oracle/report.ts";
export { readTruth } from "./oracle/truth.ts";
export type { Truth, TruthEvent, TruthSetting, TruthTarget } from "./oracle/truth.ts";
export type {
  ChangeRow,
  DeliveryRow,
  EventRow,
  FaultRow,
  IncidentRow,
  LimitRow,
  MessageRow,
  OverLimitRow,
  PressRow,
  RefusalRow,
  RequestRow,
  SlackAppRow,
  WebhookRow,
} from "./server/rows.ts";
export type { Listening, ListenOptions } from "./server/server.ts";
export type { SimulatorOptions } from "./components.ts";
export type { NoPress, Press, SlackAppSettings } from "./receivers/slack/slack-app.ts";
export { Simulator } from "./simulator.ts";
export { ModelServer } from "./models/model-server.ts";
export { modelBehaviors, type ModelBehavior, type ModelScript } from "./models/model-behavior.ts";
export type { Models, ModelRequestRow } from "./models/models.ts";

export type { PostWebhook, WebhookRequest } from "./webhooks/webhook-sender.ts";
