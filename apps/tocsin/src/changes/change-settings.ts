import { duration } from "@tocsin/core";
import { z } from "zod";
import { rolloutSettings } from "./rollouts/rollout-settings.ts";
import { changeSourceSettings } from "./sources/change-source-settings.ts";

/** The block `changes` of `tocsin.yaml`: deployments, releases and other changes that are shown beside incidents. */
export const changeSettings = z
  .strictObject({
    retention: duration()
      .prefault("90d")
      .describe("Changes are kept for this long, whether a target receives them or not."),
    matchLabels: z
      .array(z.string().min(1))
      .min(1, "expected at least one label")
      .max(20, "expected at most 20 labels")
      .refine((names) => new Set(names).size === names.length, "names a label twice")
      .default(["service", "app", "namespace", "environment"])
      .describe(
        "Labels that must not differ between an alert and a change that is shown as related to it. A related change also has the same `service` or `app`.",
      ),
    maxBodyBytes: z
      .int()
      .min(1_024)
      .max(1 << 30)
      .default(1_048_576)
      .describe("Size of the largest request body for changes; a larger one is answered 413."),
    sources: changeSourceSettings,
    kubernetes: rolloutSettings,
  })
  .prefault({});

export type ChangeSettings = z.output<typeof changeSettings>;
