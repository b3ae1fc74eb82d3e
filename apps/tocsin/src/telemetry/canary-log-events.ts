/** The events that the canary logs. */
export const canaryLogEvents = {
  canary_succeeded: {
    level: "info",
    when: "A round of the canary succeeded. `proof` says how far it was followed: `callback`, `look_up`, or `delivery` only.",
    fields: ["target", "proof"],
  },
  canary_failed: {
    level: "error",
    when: "A round of the canary failed. `step`: `record`, `deliver`, `confirm` or `resolve`.",
    fields: ["target", "step", "cause", "detail", "proof"],
  },
  canary_bug: { level: "error", when: "A bug in the canary; it continues.", fields: ["err", "reason"] },
} as const;
