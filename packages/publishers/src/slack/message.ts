import { isBlank, type Notification, type Severity } from "@tocsin/core";
import { changeIn } from "../shared/changes.ts";
import { type Block, context, most, section } from "./blocks.ts";
import { detailsOf, linksOf, type Wording } from "./details.ts";
import { mrkdwnDate, mrkdwnLine } from "./mrkdwn.ts";
import { severityMarkOf } from "../shared/mark-summary.ts";

export interface Message {
  /** The text for notifications and screen readers. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

const icons: Readonly<Record<Severity, string>> = { critical: "🔴", error: "🟠", warning: "🟡", info: "🔵" };

/** Formats a message for a channel. Images become links: Slack refuses a message if it cannot fetch an image. */
export function messageOf(telling: Notification, wording: Wording): Message {
  const { action, severity } = telling;
  if (action === "change") return changeMessage(telling, wording);
  const [icon, word] = headOf(action, severity);
  const said = titleOf(telling);
  return {
    text: `${icon} ${word} ${said}`,
    blocks: [
      section(`${icon} *${word}* ${said}`),
      ...(action === "trigger" ? detailsOf(telling, wording) : []),
      ...linksOf(telling, wording),
      context(contextOf(telling)),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** The summary, how many alerts fire, and whether the severity comes from a classification. */
export function titleOf(telling: Notification): string {
  const { action, summary, firing } = telling;
  const title = isBlank(summary) ? "alert" : mrkdwnLine(summary, most.summary);
  const counted = firing > 1 && action !== "resolve" ? `${title} (${firing} alerts)` : title;
  return counted + severityMarkOf(telling);
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
      ...linksOf(telling, wording),
      context(parts.join(" · ") || "Tocsin"),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** The icon and the word of an event. */
export function headOf(action: Notification["action"], severity: Severity): [icon: string, word: string] {
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

function contextOf({ action, alert, severity }: Notification): string {
  const since = mrkdwnDate(alert.startsAtMs);
  const parts = [
    action === "resolve" ? `was ${severity}` : undefined,
    action === "acknowledge" ? severity : undefined,
    since && `since ${since}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "Tocsin" : parts.join(" · ");
}
