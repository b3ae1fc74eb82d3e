import { type DeliverySettings, duration } from "@tocsin/core";
import { z } from "zod";

const retry = z
  .strictObject({
    initial: duration()
      .prefault("1s")
      .describe("Longest wait after the first failure; it doubles with each further failure."),
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
        "Sends another trigger for an open incident: never, when its severity rises, or (`content`) also when its summary or an annotation changes. Changed content is sent at most once per 5 minutes and incident, and not after an acknowledgement.",
      ),
    remind: duration()
      .prefault("4h")
      .describe(
        "Repeats the trigger of an open, unacknowledged incident this long after the last attempt began, if a source confirmed its alert less than half of that time ago; otherwise with the next confirmation. Keep Alertmanager's `repeat_interval` at most this long. `0s` = never.",
      ),
    reorderWindow: duration()
      .prefault("10s")
      .describe(
        "A firing that starts no later than the last end of its alert is held for this long, since a resolve may have overtaken it. After that it counts.",
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
      .describe(
        "An alert that no source confirmed for this long shows `stale` if it came by webhook, and ends if it is a direct alert of a silent source.",
      ),
    maxConnectionAge: duration()
      .prefault("5m")
      .describe(
        "A connection to a target that is older than this takes no further request, and the next one looks the name up again. 0s = a new connection for each request.",
      ),
    manualResolveFor: duration().prefault("1h").describe("A resolve by a person holds for this long against repeats."),
  })
  .prefault({}) satisfies z.ZodType<DeliverySettings>;

export const defaultSettings: DeliverySettings = deliverySettings.parse({});
