import type { Notification, Severity } from "@tocsin/core";
import { type Block, context, most, section } from "./blocks.ts";
import { type Actions, buttonsOf } from "./buttons.ts";
import { detailsOf, linksOf, type Wording } from "./details.ts";
import { headOf, type Message, messageOf, titleOf } from "./message.ts";
import { mrkdwnDate, mrkdwnLine } from "./mrkdwn.ts";

export interface BotMessage {
  /** The text for notifications and screen readers. It stays far below the 4,000 characters that `chat.update` takes. */
  readonly text: string;
  readonly blocks: readonly (Block | Actions)[];
  /** Always sent, because `chat.update` keeps attachments that are not sent. Only an attachment has a color. */
  readonly attachments: readonly { readonly color: string; readonly blocks: readonly Block[] }[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

export type IncidentState = "firing" | "acknowledged" | "resolved";

const severityColors: Readonly<Record<Severity, string>> = {
  critical: "#D4351C",
  error: "#F47738",
  warning: "#FFB000",
  info: "#1D70B8",
};
const colorOf = (state: IncidentState, severity: Severity): string =>
  ({ firing: severityColors[severity], acknowledged: "#7B61A8", resolved: "#2EB67D" })[state];

/** An acknowledged incident stays acknowledged when its text or its members change. */
export function stateOf({ action, acknowledgedBy }: Notification): IncidentState {
  if (action === "resolve") return "resolved";
  return action === "acknowledge" || acknowledgedBy !== undefined ? "acknowledged" : "firing";
}

/** Icon and words for a state: `🔴 FIRING · CRITICAL`. */
export function stateWords(telling: Notification): { readonly icon: string; readonly words: string } {
  const state = stateOf(telling);
  const action = ({ firing: "trigger", acknowledged: "acknowledge", resolved: "resolve" } as const)[state];
  const [icon] = headOf(action, telling.severity);
  const severity = state === "resolved" ? [] : [telling.severity.toUpperCase()];
  return { icon, words: [state.toUpperCase(), ...severity].join(" · ") };
}

/**
 * The one message of an incident, as it is first posted and as every later event updates it: it always shows the whole state, in
 * words, by an icon and by a color. A change event is not updated, so it is an ordinary message.
 *
 * @param target name of the target, for the buttons
 */
export function botMessageOf(telling: Notification, wording: Wording, target: string): Message | BotMessage {
  if (telling.action === "change") return messageOf(telling, wording);
  const { icon, words } = stateWords(telling);
  const title = titleOf(telling);
  return {
    text: `${icon} ${words} ${title}`,
    blocks: [section(`${icon} *${words}* ${title}`), ...byWhom(telling), ...buttonsOf(telling, target)],
    attachments: [
      {
        color: colorOf(stateOf(telling), telling.severity),
        blocks: [...detailsOf(telling, wording), ...linksOf(telling, wording), context(timesOf(telling))],
      },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** `acknowledged by Ada at …`: the person is news to everybody else. */
function byWhom(telling: Notification): Block[] {
  const who = acknowledgementOf(telling);
  return who === undefined || stateOf(telling) === "resolved" ? [] : [context(who)];
}

/** Undefined: it is not acknowledged, or the person is unknown. */
export function acknowledgementOf({ acknowledgedBy }: Notification): string | undefined {
  if (acknowledgedBy === undefined) return undefined;
  const at = mrkdwnDate(acknowledgedBy.atMs);
  return `acknowledged by ${mrkdwnLine(acknowledgedBy.by, most.fieldName)}${at === undefined ? "" : ` at ${at}`}`;
}

function timesOf(telling: Notification): string {
  const { alert, severity, endsAtMs, action } = telling;
  const [since, until] = [mrkdwnDate(alert.startsAtMs), endsAtMs === undefined ? undefined : mrkdwnDate(endsAtMs)];
  const over = action === "resolve" ? [`was ${severity}`, until && `ended ${until}`, acknowledgementOf(telling)] : [];
  const parts = [since && `since ${since}`, ...over].filter((part) => part !== undefined);
  return parts.length === 0 ? "Tocsin" : parts.join(" · ");
}
