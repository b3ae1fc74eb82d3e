import { duration } from "@tocsin/core";
import { z } from "zod";

/** The key `canary`. */
export const canarySettings = z.strictObject({
  every: duration()
    .prefault("1h")
    .refine((ms) => ms >= 5_000 && ms <= 24 * 3_600_000, { error: "must be between 5s and 24h" })
    .describe("Interval of the rounds. A failure is found within two intervals."),
  target: z
    .string()
    .min(1)
    .max(300)
    .describe(
      "Name of the target that receives the test incident of each round, and nothing else does. Use a service without people on call, and a target without a fallback.",
    ),
});

/** The interval in ms, and the name of the target. */
export type CanarySettings = z.output<typeof canarySettings>;
