import { type Endpoint, isBlank, type Labels, type Severity, TemplateContext, type Notification } from "@tocsin/core";
import { changeIn, relatedChangesIn } from "../shared/changes.ts";
import { webLinksOf } from "../shared/links.ts";
import { mrkdwnDate, mrkdwnText, mrkdwnLine, mrkdwnLink } from "./mrkdwn.ts";

/** https://docs.slack.dev/reference/block-kit/blocks, only the used part. */
type Block =
  | { readonly type: "section"; readonly text: Text }
  | { readonly type: "section"; readonly fields: readonly Text[] }
  | { readonly type: "context"; readonly elements: readonly Text[] };

interface Text {
  readonly type: "mrkdwn";
  readonly text: string;
  /** Slack reads only explicit markup: no name of a channel or person in an alert becomes a link. */
  readonly verbatim: true;
}

export interface Message {
  /** The text for notifications and screen readers. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** The parts of the target that the message needs besides the alert. */
export type Wording = Pick<Endpoint, "metadata" | "template">;

/** Slack's limits: 3,000 characters per section, 2,000 per field, 10 fields. The limit of 50 blocks is never reached. */
const most = { summary: 1_100, text: 3_000, fields: 10, fieldName: 100, fieldValue: 300 };

const icons: Readonly<Record<Severity, string>> = { critical: "🔴", error: "🟠", warning: "🟡", info: "🔵" };

/** Formats a message for a channel. Images become links: Slack refuses a message if it cannot fetch an image. */
export function messageOf(telling: Notification, wording: Wording): Message {
  const { action, severity, summary, firing } = telling;
  const [icon, word] = headOf(action, severity);
  const title = isBlank(summary) ? "alert" : mrkdwnLine(summary, most.summary);
  const said = firing > 1 && action !== "resolve" ? `${title} (${firing} alerts)` : title;
  if (action === "change") return changeMessage(telling, wording);
  return {
    text: `${icon} ${word} ${said}`,
    blocks: [
      section(`${icon} *${word}* ${said}`),
      ...(action === "trigger"
        ? [...description(telling), ...fields(telling, wording), ...recentChanges(telling)]
        : []),
      ...links(telling, wording),
      context(telling),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** Compact, because channels get many changes: what, where and when on two lines, and the links. */
function changeMessage(telling: Notification, wording: Wording): Message {
  const { summary, source, environment, state, timestampMs } = changeIn(telling);
  const [icon, word] = headOf("change", telling.severity);
  const said = isBlank(summary) ? "change" : mrkdwnLine(summary, most.summary);
  const at = mrkdwnDate(timestampMs);
  const where = [source, environment, state].filter((text) => text !== undefined && !isBlank(text));
  const parts = [
    ...where.map((text) => mrkdwnLine(text ?? "", most.fieldName)),
    ...(at === undefined ? [] : [`at ${at}`]),
  ];
  return {
    text: `${icon} ${word} ${said}`,
    blocks: [
      section(`${icon} *${word}* ${said}`),
      ...links(telling, wording),
      { type: "context", elements: [mrkdwn(parts.join(" · ") || "Tocsin")] },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** The changes that may have caused the problem. */
function recentChanges(telling: Notification): Block[] {
  const lines = relatedChangesIn(telling).map(({ summary, source, timestamp = "", link }) => {
    const at = mrkdwnDate(Date.parse(timestamp)) ?? timestamp;
    const text = mrkdwnLine(summary, most.fieldValue);
    return `• ${at} ${text} (${mrkdwnLine(source, most.fieldName)})${link === undefined ? "" : ` ${mrkdwnLink(link, "Link")}`}`;
  });
  // Few enough and short enough for one section, unless the links are long.
  const kept = lines.filter((_, index) => lines.slice(0, index + 1).join("\n").length <= most.text - most.fieldName);
  return kept.length === 0 ? [] : [section(`*Recent changes*\n${kept.join("\n")}`)];
}

function headOf(action: Notification["action"], severity: Severity): [icon: string, word: string] {
  switch (action) {
    case "trigger":
    case "check":
      return [icons[severity], severity.toUpperCase()];
    case "acknowledge":
      return ["👀", "ACKNOWLEDGED"];
    case "resolve":
      return ["✅", "RESOLVED"];
    case "change":
      return ["🚀", "CHANGE"];
  }
}

const mrkdwn = (text: string): Text => ({ type: "mrkdwn", text, verbatim: true });
const section = (text: string): Block => ({ type: "section", text: mrkdwn(text) });

/** Left out if the headline has the same text. */
function description({ alert, summary }: Notification): Block[] {
  const text = alert.annotations["description"]?.trim() ?? "";
  return isBlank(text) || text === summary.trim() ? [] : [section(mrkdwnText(text, most.text))];
}

/** The labels that locate the problem; others follow while there is room. */
const telltale = "alertname cluster namespace service job instance node host pod container team environment".split(" ");
/** Labels that the headline and the target already show. */
const unsaid = new Set(["severity", "change_event", "severity_threshold", "runbook_base_url"]);

function fields({ alert, severity }: Notification, { metadata, template }: Wording): Block[] {
  const own = template.customDetails(new TemplateContext(alert, severity, metadata));
  const rows = [...entriesOf(own), ...labelsOf(alert.labels), ...entriesOf(metadata)];
  // The first field of a name is the configured one.
  const said = new Set(unsaid);
  const shown = rows.filter(([name, value]) => {
    const says = !said.has(name) && !isBlank(name) && !isBlank(value);
    said.add(name);
    return says;
  });
  if (shown.length === 0) return [];
  const texts = shown
    .slice(0, most.fields)
    .map(([name, value]) => `*${mrkdwnLine(name, most.fieldName)}*\n${mrkdwnText(value, most.fieldValue)}`);
  const left = shown.length - texts.length;
  return [
    { type: "section", fields: texts.map(mrkdwn) },
    ...(left > 0 ? [{ type: "context" as const, elements: [mrkdwn(`and ${left} more`)] }] : []),
  ];
}

/** Sorted, so that the order does not depend on the source. */
function labelsOf(labels: Labels): [name: string, value: string][] {
  const names = Object.keys(labels);
  const first = telltale.filter((name) => Object.hasOwn(labels, name));
  const others = names.filter((name) => !telltale.includes(name)).toSorted();
  return [...first, ...others].map((name) => [name, labels[name]!]);
}

const entriesOf = (details: Readonly<Record<string, unknown>>): [name: string, value: string][] =>
  Object.entries(details).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);

function links(telling: Notification, { metadata }: Wording): Block[] {
  const all = webLinksOf(telling, metadata).map(({ href, text }) => mrkdwnLink(href, mrkdwnLine(text, most.fieldName)));
  const kept: string[] = [];
  // Escaping makes some texts longer.
  for (const one of all) if ([...kept, one].join(" · ").length <= most.text) kept.push(one);
  return kept.length === 0 ? [] : [section(kept.join(" · "))];
}

function context({ action, alert, severity }: Notification): Block {
  const since = mrkdwnDate(alert.startsAtMs);
  const parts = [
    action === "resolve" ? `was ${severity}` : undefined,
    action === "acknowledge" ? severity : undefined,
    since && `since ${since}`,
  ].filter((part) => part !== undefined);
  return { type: "context", elements: [mrkdwn(parts.length === 0 ? "Tocsin" : parts.join(" · "))] };
}
