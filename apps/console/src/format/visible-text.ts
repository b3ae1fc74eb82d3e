/** A piece of a text: shown as it is, or named because it would be invisible or change the direction of what follows. */
export type VisiblePart = { readonly kind: "text" | "code"; readonly text: string };

/**
 * Characters that a reader cannot see, or that hide or reorder others: controls except tab and line feed, format characters
 * (zero width, bidirectional), line and paragraph separators, blank letters, lone surrogates. In an emoji sequence, the joiner
 * is part of the picture. Of many marks on one letter, which would cover the lines above it, the fifth and later ones.
 */
const invisible =
  /(?<!\p{Extended_Pictographic}\uFE0F?)\u200D|\u200D(?!\p{Extended_Pictographic})|[\p{Cc}\p{Cf}\p{Cs}\u034F\u115F\u1160\u17B4\u17B5\u2028\u2029\u3164\uFFA0](?<![\t\n\u200D])|(?<=\p{Mn}{4})\p{Mn}+/gu;

/** Splits a text so that each invisible character is shown by its code point, such as `U+200B`, and a pile of marks by their number. */
export function visibleText(text: string): VisiblePart[] {
  const parts: VisiblePart[] = [];
  let end = 0;
  for (const match of text.matchAll(invisible)) {
    if (match.index > end) parts.push({ kind: "text", text: text.slice(end, match.index) });
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    parts.push({ kind: "code", text: /^\p{Mn}{2}/u.test(match[0]) ? `${match[0].length} marks` : `U+${code}` });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}
