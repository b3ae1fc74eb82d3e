import { type DeliverySettings, duration } from "@tocsin/core";
import { z } from "zod";

const retry = z
  .strictObject({
    initial: duration().prefault("1s").describe("Upper bound of the wait after the first failure; doubles with each."),
    max: duration().prefault("5m").describe("Longest wait between two attempts."),
    giveUpAfter: duration()
      .prefault("24h")
      .describe("Dead-letter an incident after this long in retries since its source last confirmed it."),
  })
  .refine(({ initial, max }) => initial <= max, { path: ["max"], error: "must not be shorter than `initial`" })
  .prefault({});

/** The `delivery:` block of the configuration. */
export const deliverySettings = z
  .strictObject({
    retry,
    concurrency: z.int().min(1).max(10_000).default(64).describe("Attempts in flight at once, over all targets."),
    retrigger: z
      .enum(["never", "severity", "content"])
      .default("severity")
      .describe(
        "Trigger again what is already told: never, when its severity rises, or (`content`) also when its summary or an annotation changes, once per 5 minutes and incident at most and not once acknowledged.",
      ),
    remind: duration()
      .prefault("4h")
      .describe(
        "Remind of an open, unacknowledged incident this long after the last attempt began, if a source confirmed its alert less than half as long ago; otherwise with the next confirmation. Keep Alertmanager's `repeat_interval` at most this long. `0s` = never.",
      ),
    reorderWindow: duration()
      .prefault("10s")
      .describe(
        "How long a firing is held that starts no later than the last end of its alert: a resolve may have overtaken it. It is believed afterwards.",
      ),
    doubtfulEnd: duration()
      .prefault("30m")
      .describe(
        "A webhook's resolve that may be about an earlier episode ends the alert after this long, unless a firing comes first. Keep it longer than 16 minutes plus Alertmanager's `group_interval`.",
      ),
    expiryGrace: duration()
      .prefault("5m")
      .describe("After a start, no direct alert is ended by its `endsAt` for this long."),
    staleAfter: duration()
      .prefault("24h")
      .describe("Unconfirmed for this long, a webhook alert shows `stale` and a silent source's direct alert ends."),
    maxConnectionAge: duration()
      .prefault("5m")
      .describe(
        "A connection to a target that is older takes no further request: the next one looks the name up again. 0s = a new connection for each request.",
      ),
    manualResolveFor: duration().prefault("1h").describe("A resolve by a person holds for this long against repeats."),
  })
  .prefault({}) satisfies z.ZodType<DeliverySettings>;

export const defaultSettings: DeliverySettings = deliverySettings.parse({});
