import type { Notification } from "@tocsin/core";

interface PlainText {
  readonly type: "plain_text";
  readonly text: string;
}

interface Button {
  readonly type: "button";
  readonly action_id: "tocsin_acknowledge" | "tocsin_resolve";
  readonly text: PlainText;
  /** JSON: the target and the dedup key that the button is about. */
  readonly value: string;
  /** Slack asks the person before it sends the action. */
  readonly confirm?: Readonly<Record<"title" | "text" | "confirm" | "deny", PlainText>>;
}

export interface Actions {
  readonly type: "actions";
  readonly elements: readonly Button[];
}

/** https://docs.slack.dev/reference/block-kit/block-elements/button-element: "Maximum length is 2000 characters". */
const maxValueLength = 2_000;

/**
 * The buttons of a message, if a callback takes what they send. A resolved incident has none, and an acknowledged one cannot be
 * acknowledged again. A value that does not fit would be a dead button, so there is none.
 */
export function buttonsOf({ action, actions, acknowledgedBy, dedupKey }: Notification, target: string): Actions[] {
  if (!actions || action === "resolve") return [];
  const value = JSON.stringify({ target, key: dedupKey });
  if (value.length > maxValueLength) return [];
  const acknowledged = action === "acknowledge" || acknowledgedBy !== undefined;
  return [{ type: "actions", elements: [...(acknowledged ? [] : [acknowledge(value)]), resolve(value)] }];
}

const plain = (text: string): PlainText => ({ type: "plain_text", text });

const acknowledge = (value: string): Button => ({
  type: "button",
  action_id: "tocsin_acknowledge",
  text: plain("Acknowledge"),
  value,
});

const resolve = (value: string): Button => ({
  type: "button",
  action_id: "tocsin_resolve",
  text: plain("Resolve"),
  value,
  confirm: {
    title: plain("Resolve this incident?"),
    text: plain("Do this when the problem is over. If the alert still fires later, it can be sent again."),
    confirm: plain("Resolve"),
    deny: plain("Cancel"),
  },
});
