import type { Outcome } from "@tocsin/core";

/** Never sent: the engine checks a key only after an answer that suspects it, and Slack has none. */
export const unasked: Outcome = {
  kind: "refused",
  reason: "bug",
  detail: "Slack cannot be asked without posting a message",
};
