/** Longest excerpt of an answer, in characters: enough for all that receivers say on purpose. */
const longest = 500;

/** Visible ASCII and single blanks: what nearly all say. */
const plain = /^[!-~]+(?: [!-~]+)*$/;

/** The start of a text on one line: an answer is kept and shown to people. */
export function excerptOf(text: string): string {
  if (text.length <= longest && plain.test(text)) return text;
  const line = text
    .slice(0, 2 * longest)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .trim();
  return line.length > longest ? `${line.slice(0, longest - 1).toWellFormed()}…` : line;
}
