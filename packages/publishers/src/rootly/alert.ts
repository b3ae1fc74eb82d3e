import {
  alertName,
  type Endpoint,
  isBlank,
  isoTime,
  type Labels,
  type Severity,
  TemplateContext,
  type Notification,
} from "@tocsin/core";
import { relatedChangesIn } from "../shared/changes.ts";
import { aiClassificationOf } from "../shared/ai-classification.ts";
import { type Link, webLinksOf } from "../shared/links.ts";
import { markSummary } from "../shared/mark-summary.ts";
import { deduplicationKey } from "./deduplication-key.ts";

/** The attributes of a new alert that are used: https://docs.rootly.com/api-reference/alerts/creates-an-alert */
export interface NewAlert {
  readonly summary: string;
  readonly description?: string;
  readonly deduplication_key: string;
  readonly external_id: string;
  readonly external_url?: string;
  readonly started_at?: string;
  readonly alert_urgency_id?: string;
  readonly notification_targets?: unknown;
  readonly service_ids?: unknown;
  readonly group_ids?: unknown;
  readonly environment_ids?: unknown;
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  readonly data: Readonly<Record<string, unknown>>;
}

/** The parts of the target that the format needs besides the alert. */
export type Wording = Pick<Endpoint, "metadata" | "template" | "typeOptions">;

/** Rootly documents no limits. These keep every alert readable, and a page of a list small enough to read. */
const most = { summary: 1_024, description: 10_000, entries: 64, name: 255, value: 1_024 };

export function newAlert(telling: Notification, wording: Wording): NewAlert {
  const { alert, severity, summary, firing, classification } = telling;
  const { notification_targets, alert_urgency_ids, service_ids, group_ids, environment_ids } = wording.typeOptions;
  const urgency = (alert_urgency_ids as Partial<Record<Severity, string>> | undefined)?.[severity];
  const key = deduplicationKey(telling.dedupKey);
  const { metadata, template } = wording;
  const links = webLinksOf(telling, metadata);
  const related = relatedChangesIn(telling);
  const page = links.find(({ text }) => text === "Tocsin") ?? links.find(({ text }) => text === "Source");
  const given = { notification_targets, service_ids, group_ids, environment_ids };
  return {
    summary: markSummary(
      isBlank(summary) ? `[${fitted(alertName(alert), most.name)}]` : fitted(summary, most.summary),
      telling,
    ),
    ...describe(alert.annotations["description"] ?? "", links),
    deduplication_key: key,
    external_id: key,
    ...(page && { external_url: page.href }),
    ...startedAt(alert.startsAtMs),
    ...(urgency !== undefined && { alert_urgency_id: urgency }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    labels: labelsOf(alert.labels, severity),
    data: {
      alert_name: fitted(alertName(alert), most.name),
      fingerprint: fitted(alert.fingerprint, most.name),
      // Several alerts share this one; only the first is shown in full.
      ...(firing > 1 && { firing_alerts: firing }),
      annotations: Object.fromEntries(fittedEntries(alert.annotations)),
      metadata: fittedJson(metadata),
      ...(related.length > 0 && { related_changes: fittedJson(related) }),
      // Not in the description: Rootly may read a model's text there as markup.
      ...(classification && { ai_classification: aiClassificationOf(classification) }),
      ...(fittedJson(template.customDetails(new TemplateContext(alert, severity, metadata))) as object),
    },
  };
}

/** The fields of an open alert that change if its severity rises. */
export function changesOf({ summary, description, alert_urgency_id, labels, data }: NewAlert): Partial<NewAlert> {
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(alert_urgency_id !== undefined && { alert_urgency_id }),
    labels,
    data,
  };
}

/** The text of the alert, and links to helpful pages. */
function describe(text: string, links: readonly Link[]): { description?: string } {
  const said = isBlank(text) ? [] : [fitted(text.trim(), most.description)];
  const pages = links.map(({ text: name, href }) => `${name}: ${href}`).join("\n");
  return said.length + links.length === 0 ? {} : { description: [...said, pages].join("\n\n").trim() };
}

/** Times with a year of four digits, as RFC 3339 requires. */
function startedAt(atMs: number): { started_at?: string } {
  const iso = isoTime(atMs);
  return iso !== undefined && /^\d{4}-/.test(iso) ? { started_at: iso } : {};
}

/** Rootly has no severities, so a label carries it. The identifying labels come first. */
function labelsOf(labels: Labels, severity: Severity): NewAlert["labels"] {
  const rest = fittedEntries(labels).filter(([key]) => key !== "severity");
  return [["severity", severity] as const, ...rest].map(([key, value]) => ({ key, value }));
}

const identifying = "alertname cluster namespace service job instance node host pod container team".split(" ");

/** Returns the labels that are not blank, always in the same order. */
function fittedEntries(texts: Labels): [name: string, value: string][] {
  const first = identifying.filter((name) => Object.hasOwn(texts, name));
  const others = Object.keys(texts)
    .filter((name) => !identifying.includes(name))
    .toSorted();
  return [...first, ...others]
    .filter((name) => !isBlank(name) && !isBlank(texts[name]!))
    .slice(0, most.entries)
    .map((name) => [fitted(name, most.name), fitted(texts[name]!, most.value)]);
}

/** Texts that the owner of the target wrote, filled in from the alert. */
function fittedJson(value: unknown): unknown {
  if (typeof value === "string") return fitted(value, most.value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(fittedJson);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [fitted(key, most.name), fittedJson(inner)]));
}

/** Rootly keeps texts in PostgreSQL, which refuses NUL. The other control characters are invisible. */
const controls = /[^\P{Cc}\n\t]/gu;

function fitted(text: string, codePoints: number): string {
  const plain = text.slice(0, 2 * codePoints + 2).toWellFormed();
  const points = Array.from(plain.replace(controls, " "));
  return points.length <= codePoints ? points.join("") : `${points.slice(0, codePoints - 1).join("")}…`;
}
