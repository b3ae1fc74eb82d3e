/** The start of a long text, and how many characters follow. Cuts between code points. */
export interface FoldedText {
  readonly start: string;
  readonly hidden: number;
}

/** Returns undefined for a text that is short enough to be shown whole. */
export function foldText(text: string, most: number): FoldedText | undefined {
  // A fold that hides a few characters would cost more room than they do.
  if (text.length <= most * 1.25) return undefined;
  const cutsPair = /[\uD800-\uDBFF]/.test(text.charAt(most - 1));
  const start = text.slice(0, cutsPair ? most - 1 : most);
  return { start, hidden: text.length - start.length };
}
