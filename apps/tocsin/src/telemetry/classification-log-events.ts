/** The events that classification logs. No field holds anything of a prompt or an answer. */
export const classificationLogEvents = {
  classification_failed: {
    level: "debug",
    when: "A call of the classifier gave no verdict.",
    fields: ["provider", "model", "reason", "detail"],
  },
  classification_breaker_open: {
    level: "warn",
    when: "Calls of the classifier failed repeatedly. No page waits for it until a call succeeds.",
    fields: ["provider", "model", "reason", "detail"],
  },
  classification_budget_used: {
    level: "warn",
    when: "The calls or tokens of this hour are used up. Labels decide until the next hour.",
    fields: ["provider", "model", "until"],
  },
  classification_bug: {
    level: "error",
    when: "A bug in the classification; labels decide.",
    fields: ["err", "reason"],
  },
} as const;
