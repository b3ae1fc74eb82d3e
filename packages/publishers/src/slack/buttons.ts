import type { Notification } from "@tocsin/core";
import { type ButtonAction, buttonActions, printButtonValue } from "./button-value.ts";

interface PlainText {
  readonly type: "plain_text";
  readonly text: string;
}

interface Button {
  readonly type: "button";
  readonly action_id: ButtonAction;
  readonly text: PlainText;
  /** A `ButtonValue` as JSON. */
  readonly value: string;
  /** Slack asks the person before it sends the action. */
  readonly confirm?: Readonly<Record<"title" | "text" | "confirm" | "deny", PlainText>>;
}

export interface Actions {
  readonly type: "actions";
  readonly elements: readonly Button[];
}

/**
 * The buttons of a message, if a callback takes what they send. A resolved incident has none, and an acknowledged one cannot be
 * acknowledged again. A value that does not fit would be a dead button, so there is none.
 */
export function buttonsOf({ action, actions, acknowledgedBy, dedupKey }: Notification, target: string): Actions[] {
  if (!actions || action === "resolve") return [];
  const value = printButtonValue({ target, key: dedupKey });
  if (value === undefined) return [];
  const acknowledged = action === "acknowledge" || acknowledgedBy !== undefined;
  return [{ type: "actions", elements: [...(acknowledged ? [] : [acknowledge(value)]), resolve(value)] }];
}

const plain = (text: string): PlainText => ({ type: "plain_text", text });

const acknowledge = (value: string): Button => ({
  type: "button",
  action_id: buttonActions.acknowledge,
  text: plain("Acknowledge"),
  value,
});

const resolve = (value: string): Button => ({
  type: "button",
  action_id: buttonActions.resolve,
  text: plain("Resolve"),
  value,
  confirm: {
    title: plain("Resolve this incident?"),
    text: plain("Do this when the problem is over. If the alert still fires later, it can be sent again."),
    confirm: plain("Resolve"),
    deny: plain("Cancel"),
  },
});
