import { secretInput } from "@tocsin/core";
import { z } from "zod";

/** The kinds of receivers that report what happens to an incident. */
export const callbackTypes = ["pagerduty", "rootly", "slack"] as const;
export type CallbackTypeName = (typeof callbackTypes)[number];

const maxCallbacks = 100;
/** A rotation needs two. Each costs one hash of the body per request. */
const maxSecrets = 5;
const maxTargets = 1_000;

const callback = z.strictObject({
  name: z
    .string()
    .max(100)
    .regex(/^[A-Za-z\d][\w.-]*$/, "must consist of letters, digits, `.`, `_` and `-`, and begin with a letter or digit")
    // The ledger keeps what we read from a receiver's API under this name.
    .refine((name) => name !== "reconcile", { error: "must not be `reconcile`, which names what Tocsin reads itself" })
    .describe("Name of the callback: the receiver sends to `/api/v1/callbacks/NAME`."),
  type: z.enum(callbackTypes).describe("Kind of the receiver. All targets must have this type."),
  secrets: z
    .array(secretInput)
    .min(1, "expected at least one secret")
    .max(maxSecrets, `must not be more than ${maxSecrets}`)
    .describe(
      "Secrets with which the receiver signs: that of the webhook subscription (PagerDuty), of the webhook (Rootly), or the signing secret of the app (Slack). A request needs the signature of one of them; several allow a rotation.",
    ),
  targets: z
    .array(z.string().min(1).max(300))
    .min(1, "expected at least one target")
    .max(maxTargets, `must not be more than ${maxTargets}`)
    .describe("Names of the targets whose incidents the receiver reports about."),
  onResolve: z
    .enum(["reopen", "stay"])
    .default("reopen")
    .describe(
      "If a person resolves an incident at the receiver while its alert fires: `reopen` sends it again after `delivery.manualResolveFor`, `stay` leaves it resolved until the alert has ended.",
    ),
});

/** The list `callbacks` of the configuration. */
export const callbackSettings = z
  .array(callback)
  .max(maxCallbacks, `must not be more than ${maxCallbacks}`)
  .default([])
  .superRefine((callbacks, context) => {
    for (const [index, { name, targets }] of callbacks.entries()) {
      const refuse = (path: (string | number)[], message: string) =>
        context.addIssue({ code: "custom", path: [index, ...path], message });
      if (callbacks.findIndex((other) => other.name === name) < index)
        refuse(["name"], "must not be the same as an earlier one");
      for (const [n, target] of targets.entries())
        if (targets.indexOf(target) < n) refuse(["targets", n], "must not be the same as an earlier one");
    }
  });

export type CallbackSettings = z.output<typeof callbackSettings>;
