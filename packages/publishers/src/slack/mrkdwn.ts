/**
 * Slack's markup: https://docs.slack.dev/messaging/formatting-message-text. It reads `&`, `<` and `>` as markup, and only
 * those: what is escaped links nowhere and pings nobody.
 */
const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const escape = (text: string): string => text.replace(/[&<>]/g, (character) => entities[character]!);

/** Control characters but for line breaks and tabs: they show nothing, and NUL is refused by many. */
const controls = /[^\P{Cc}\n\t]/gu;

/**
 * Somebody else's text, escaped, in at most so many UTF-16 units: Slack does not say what its characters are, and there
 * are never more code points than units. Neither a character nor an entity is cut in two.
 */
export function fitted(text: string, most: number): string {
  // Escaping only lengthens, so nothing beyond can be kept.
  const plain = text
    .slice(0, most + 1)
    .toWellFormed()
    .replace(controls, " ");
  let whole = "";
  let cut = "";
  for (const character of plain) {
    whole += entities[character] ?? character;
    if (whole.length > most) return `${cut}…`;
    if (whole.length < most) cut = whole;
  }
  return whole;
}

/** On one line: a break would end what is bold. */
export const fittedLine = (text: string, most: number): string =>
  fitted(text.slice(0, 4 * most).replace(/\s+/g, " "), most);

/** A link to a web address, as `URL` spells it. A bar would end the address. */
export const link = (href: string, label: string): string => `<${escape(href.replaceAll("|", "%7C"))}|${label}>`;

/** Shown in each reader's own time zone. Undefined for what is no time of this age. */
export function date(atMs: number): string | undefined {
  const seconds = Math.floor(atMs / 1000);
  if (!(seconds > 0 && seconds < year10000)) return undefined;
  const iso = new Date(seconds * 1000).toISOString();
  return `<!date^${seconds}^{date_short_pretty} {time_secs}|${iso}>`;
}

const year10000 = 253_402_300_800;
