/** Maximum length of an excerpt, in characters: enough for every message that receivers write on purpose. */
const maxCharacters = 500;

/** Visible ASCII and single blanks: nearly all answers. */
const plain = /^[!-~]+(?: [!-~]+)*$/;

/** The start of a text, on one line. Excerpts of answers are stored and shown to people. */
export function excerptOf(text: string): string {
  if (text.length <= maxCharacters && plain.test(text)) return text;
  const line = text
    .slice(0, 2 * maxCharacters)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .trim();
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters - 1).toWellFormed()}…` : line;
}
