/** Longest excerpt of an answer, in characters: enough for all of PagerDuty's. */
const longest = 500;

/** Visible ASCII and single blanks: what nearly all say. */
const plain = /^[!-~]+(?: [!-~]+)*$/;

/** What an answer says, on one line: PagerDuty's message and errors, or the start of whatever else came. */
export function excerptOf(body: string): string {
  const said = wordsOf(body) ?? body;
  if (said.length <= longest && plain.test(said)) return said;
  const line = said
    .slice(0, 2 * longest)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .trim();
  return line.length > longest ? `${line.slice(0, longest - 1).toWellFormed()}…` : line;
}

function wordsOf(body: string): string | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  const { message, errors } = answer as { message?: unknown; errors?: unknown };
  const listed = Array.isArray(errors) ? errors.filter((error) => typeof error === "string").join("; ") : "";
  return typeof message === "string" ? [message, listed].filter((part) => part !== "").join(": ") : undefined;
}
