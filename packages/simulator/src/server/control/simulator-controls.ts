import type { FaultSetting } from "../../faults/fault.ts";
import type { Report } from "../../oracle/report.ts";
import type { TruthSetting } from "../../oracle/truth.ts";
import type { LimitSetting } from "../../state/limits.ts";
import type { NoPress, Press, SlackAppSettings } from "../../receivers/slack/slack-app.ts";
import type { Region } from "../../state/region.ts";
import type { Models } from "../../models/models.ts";
import type * as rows from "../rows.ts";

/** An incident to open without an event. */
export interface ManualIncident {
  /** The credential of the service, or its hash. */
  readonly key: string;
  readonly dedup_key: string;
  /** @default "critical" */
  readonly severity?: string;
  /** @default the dedup key */
  readonly summary?: string;
  /** @default "pagerduty" */
  readonly receiver?: string;
  /** @default "us" */
  readonly region?: Region;
}

/** The part of the simulator that the control API reads and changes. `Simulator` says what each member does. */
export interface SimulatorControls {
  readonly version: string;
  readonly models: Pick<Models, "requests" | "script" | "setScript" | "setApiKey">;
  incidents(): rows.IncidentRow[];
  changes(): rows.ChangeRow[];
  suppressed(): rows.SuppressedRow[];
  messages(): rows.MessageRow[];
  deliveries(): rows.DeliveryRow[];
  refused(): rows.RefusalRow[];
  requests(limit?: number): rows.RequestRow[];
  overLimit(): rows.OverLimitRow[];
  deleteMessage(ts: string): boolean;
  press(press: Press): rows.PressRow | NoPress;
  presses(): rows.PressRow[];
  slackApp(): rows.SlackAppRow;
  setSlackApp(settings: SlackAppSettings): void;
  webhooks(): rows.WebhookRow[];
  report(): Report;
  acknowledge(id: string): boolean;
  resolve(id: string): boolean;
  openIncident(given: ManualIncident): string | undefined;
  loseIncident(id: string): boolean;
  limits(): rows.LimitRow[];
  setLimit(setting: LimitSetting): void;
  faults(): rows.FaultRow[];
  setFaults(faults: string | readonly FaultSetting[], options?: { readonly seed?: number }): void;
  keys(receiver?: string): readonly string[] | undefined;
  setKeys(credentials: readonly string[] | undefined, receiver?: string): void;
  setWebhookSecrets(name: string, secrets: readonly string[] | undefined): void;
  setTruth(truth: TruthSetting | undefined): void;
  subscribe(to: {
    readonly url: string;
    readonly secrets: readonly string[];
    readonly events?: readonly string[];
    readonly receiver?: "pagerduty" | "rootly";
  }): string;
  reset(): void;
}
