/** A state or reason in words: `waiting_limit` is `waiting limit`. The list itself uses the names of the API. */
export const wordsOf = (name: string): string => name.replaceAll("_", " ");
