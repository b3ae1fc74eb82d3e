import type { Notification } from "@tocsin/core";
import { acknowledgementOf, stateWords } from "./bot-message.ts";
import { type Block, section } from "./blocks.ts";
import { titleOf } from "./message.ts";
import { mrkdwnDate } from "./mrkdwn.ts";

export interface ThreadReply {
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Also shown in the channel: people who do not follow the thread must learn that it became worse. */
  readonly reply_broadcast?: true;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** The reply that says what changed. Undefined: nothing did, the message itself is only sent again. */
export function threadReplyOf(telling: Notification): ThreadReply | undefined {
  if (telling.cause === "repair") return undefined;
  const text = textOf(telling);
  return {
    text,
    blocks: [section(text)],
    ...((telling.cause === "severity" || telling.cause === "episode") && { reply_broadcast: true as const }),
    unfurl_links: false,
    unfurl_media: false,
  };
}

function textOf(telling: Notification): string {
  const { action, cause, severity, firing } = telling;
  const { icon, words } = stateWords(telling);
  const title = titleOf(telling);
  if (action === "resolve") return `${icon} Resolved`;
  if (action === "acknowledge") return `${icon} ${capital(acknowledgementOf(telling) ?? "acknowledged")}`;
  switch (cause) {
    case "severity":
      return `${icon} Severity is now *${severity.toUpperCase()}*: ${title}`;
    case "text":
      return `${icon} The text changed: ${title}`;
    case "members":
      return `${icon} ${firing === 1 ? "1 alert fires" : `${firing} alerts fire`} now: ${title}`;
    case "episode":
      return `${icon} It fires again, and its end did not arrive: ${title}`;
    case "reminder":
      return `${icon} Reminder: it still fires${sinceOf(telling)} and is not acknowledged`;
    case "repair":
    case undefined:
      break;
  }
  return `${icon} *${words}* ${title}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function sinceOf({ alert }: Notification): string {
  const since = mrkdwnDate(alert.startsAtMs);
  return since === undefined ? "" : ` since ${since}`;
}
