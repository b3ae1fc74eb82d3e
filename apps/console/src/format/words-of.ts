/** States and reasons whose names in the API need the documentation to be understood. */
const words: Readonly<Record<string, string>> = {
  told: "delivered",
  not_told: "not sent",
  would_tell: "would be sent",
  resolved_before_told: "resolved before it was sent",
  dead_invalid: "refused",
  dead_expired: "given up",
  no_target: "no target",
};

/** A name of the API in words: `waiting_limit` is `waiting limit`. */
export const wordsOf = (name: string): string =>
  Object.hasOwn(words, name) ? (words[name] ?? name) : name.replaceAll("_", " ");
