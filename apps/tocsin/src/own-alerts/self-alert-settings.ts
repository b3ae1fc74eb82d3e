import { duration } from "@tocsin/core";
import { z } from "zod";

/** The block `selfAlerts` of the configuration. */
export const selfAlertSettings = z.strictObject({
  targets: z
    .array(z.string().min(1))
    .min(1, "expected at least one target")
    .describe(
      "Names of the targets that receive a critical about problems of Tocsin itself, whatever their filters. Name at least two with different credentials: a target that is the problem does not receive it.",
    ),
  after: duration().prefault("60s").describe("A problem is reported when it has lasted this long."),
});
