import { formatDuration } from "../duration.ts";
import type { Fault } from "../faults/fault.ts";
import type { Change, Delivery, SuppressedAlert } from "../state/state.ts";
import type { Incident } from "../state/incident-store.ts";
import type { Message } from "../receivers/slack/messages.ts";
import type { PressRecord, SlackAppSettings } from "../receivers/slack/slack-app.ts";
import type { WebhookRecord } from "../webhooks/webhook-sender.ts";
import type { Excess } from "../state/rate-limiter.ts";
import type { limitRow } from "../state/limits.ts";
import type { Refusal, RequestRecord } from "../state/journal.ts";

/*
 * The rows of the control API and of the library: snake_case as the receivers write it, times in ISO 8601.
 */

const iso = (atMs: number): string => new Date(atMs).toISOString();

/** One line of an incident's log. A trigger also has its content: `payload`, `links`, `images`, `client`. */
export interface EventRow {
  at: string;
  action: string;
  severity?: string;
  summary?: string;
  by?: "person";
  [detail: string]: unknown;
}

export interface IncidentRow {
  receiver: string;
  id: string;
  /** Hash of the credential, never the credential. */
  key: string;
  dedup_key: string;
  status: "triggered" | "acknowledged" | "resolved";
  summary: string;
  severity: string;
  opened_at: string;
  acknowledged_at?: string;
  resolved_at?: string;
  events: EventRow[];
  /** Summary of the first trigger. */
  title: string;
  region: "us" | "eu";
}

export const incidentRow = (incident: Incident): IncidentRow => ({
  receiver: incident.receiver,
  id: incident.id,
  key: incident.key,
  dedup_key: incident.dedupKey,
  status: incident.status,
  summary: incident.summary,
  severity: incident.severity,
  opened_at: iso(incident.openedAtMs),
  ...(incident.acknowledgedAtMs === undefined ? {} : { acknowledged_at: iso(incident.acknowledgedAtMs) }),
  ...(incident.resolvedAtMs === undefined ? {} : { resolved_at: iso(incident.resolvedAtMs) }),
  events: incident.log.map(({ atMs, action, severity, summary, by, details }) => ({
    ...details,
    at: iso(atMs),
    action,
    ...(severity === undefined ? {} : { severity }),
    ...(summary === undefined ? {} : { summary }),
    ...(by === undefined ? {} : { by }),
  })),
  title: incident.title,
  region: incident.region,
});

export const suppressedRow = ({ atMs, receiver, region, key, dedupKey, summary, severity }: SuppressedAlert) => ({
  at: iso(atMs),
  receiver,
  region,
  key,
  dedup_key: dedupKey,
  summary,
  severity,
});

export const changeRow = (change: Change) => ({
  ...change.details,
  at: iso(change.atMs),
  receiver: change.receiver,
  region: change.region,
  key: change.key,
  summary: change.summary,
});

export const requestRow = (request: RequestRecord) => ({
  id: request.id,
  at: iso(request.atMs),
  receiver: request.receiver,
  region: request.region,
  action: request.action,
  key: request.key ?? null,
  dedup_key: request.dedupKey ?? null,
  status: request.status,
  ...(request.effect === undefined ? {} : { effect: request.effect }),
  ...(request.fault === undefined ? {} : { fault: request.fault }),
  applied: request.applied,
  ambiguous: request.ambiguous,
  unread: request.unread,
});

export const refusalRow = (refusal: Refusal) => ({
  at: iso(refusal.atMs),
  status: refusal.status,
  field: refusal.field,
  reason: refusal.reason,
  receiver: refusal.receiver,
  request: refusal.request,
});

export const faultRow = (fault: Fault) => ({
  kind: fault.kind,
  receiver: fault.receiver ?? null,
  region: fault.region ?? null,
  key: fault.key ?? null,
  action: fault.action ?? null,
  from: iso(fault.fromMs),
  until: Number.isFinite(fault.untilMs) ? iso(fault.untilMs) : null,
  share: fault.share,
  applied: fault.applied,
  ...(fault.kind === "answer" ? { status: fault.status } : {}),
  ...(fault.byMs === 0 ? {} : { by: formatDuration(fault.byMs) }),
  met: fault.met,
});

export interface MessageRow extends ReturnType<typeof ownRow> {
  /** The replies in its thread, in order. Absent: there are none. */
  replies?: MessageRow[];
}

/** Messages with their replies below them. A reply whose message was deleted stands alone. */
export function messageRows(messages: readonly Message[]): MessageRow[] {
  const rows = new Map<string, MessageRow>(messages.map((message) => [placeOf(message), ownRow(message)]));
  return messages.flatMap((message) => {
    const row = rows.get(placeOf(message))!;
    const { channel, threadTs } = message;
    const parent = threadTs === undefined ? undefined : rows.get(placeOf({ channel, ts: threadTs }));
    if (parent === undefined) return [row];
    (parent.replies ??= []).push(row);
    return [];
  });
}

const placeOf = ({ channel, ts }: Pick<Message, "channel" | "ts">): string => `${channel} ${ts}`;

const ownRow = (message: Message) => ({
  receiver: "slack",
  channel: message.channel,
  ts: message.ts,
  key: message.key,
  at: iso(message.postedAtMs),
  text: message.text,
  ...(message.blocks === undefined ? {} : { blocks: message.blocks }),
  ...(message.attachments === undefined ? {} : { attachments: message.attachments }),
  ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
  ...(message.broadcast === undefined ? {} : { broadcast: message.broadcast }),
  updates: message.updates,
});

export const slackAppRow = ({ url, editWindowMs }: SlackAppSettings) => ({
  url: url ?? null,
  edit_window: editWindowMs === undefined ? null : formatDuration(editWindowMs),
});

export const pressRow = ({ id, atMs, ts, action, user, status }: PressRecord) => ({
  id,
  at: iso(atMs),
  ts,
  action,
  user,
  /** Null: the answer is still awaited. 0: none came in three seconds. */
  status: status ?? null,
});

export type PressRow = ReturnType<typeof pressRow>;
export type SlackAppRow = ReturnType<typeof slackAppRow>;
export type SuppressedRow = ReturnType<typeof suppressedRow>;

export const deliveryRow = (delivery: Delivery) => ({
  at: iso(delivery.atMs),
  name: delivery.name,
  id: delivery.id ?? null,
  repeat: delivery.repeat,
  signed: delivery.signed,
  body: delivery.body,
});

export type DeliveryRow = ReturnType<typeof deliveryRow>;

export const webhookRow = (record: WebhookRecord) => ({
  id: record.id,
  at: iso(record.atMs),
  subscription: record.subscription,
  event: record.event,
  incident: record.incident,
  attempts: record.attempts,
  status: record.status,
  state: record.state,
});

export type WebhookRow = ReturnType<typeof webhookRow>;

export const overLimitRow = (excess: Excess) => ({
  receiver: excess.charge.limit,
  key: excess.charge.key,
  from: iso(excess.fromMs),
  to: iso(excess.toMs),
  allowed: excess.allowed,
  per: formatDuration(excess.perMs),
  refused: excess.refused,
});

export type OverLimitRow = ReturnType<typeof overLimitRow>;
export type LimitRow = ReturnType<typeof limitRow>;
export type FaultRow = ReturnType<typeof faultRow>;
export type ChangeRow = ReturnType<typeof changeRow>;
export type RequestRow = ReturnType<typeof requestRow>;
export type RefusalRow = ReturnType<typeof refusalRow>;
