/**
 * Slack's markup: https://docs.slack.dev/messaging/formatting-message-text. Slack reads only `&`, `<` and `>` as markup:
 * escaped text neither links nor pings anyone.
 */
const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const escape = (text: string): string => text.replace(/[&<>]/g, (character) => entities[character]!);

/** Control characters except line breaks and tabs: they are invisible, and many receivers refuse NUL. */
const controls = /[^\P{Cc}\n\t]/gu;

/**
 * Escapes foreign text and cuts it to a number of UTF-16 units: Slack does not define its characters, and there
 * are never more code points than units. It never cuts a character or an entity in two.
 */
export function mrkdwnText(text: string, most: number): string {
  // Escaping only adds characters, so nothing beyond this can fit.
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

/** Puts text on one line: a line break would end the bold text. */
export const mrkdwnLine = (text: string, most: number): string =>
  mrkdwnText(text.slice(0, 4 * most).replace(/\s+/g, " "), most);

/** Makes a link to a web address, normalized by `URL`. A `|` would end the address. */
export const mrkdwnLink = (href: string, label: string): string => `<${escape(href.replaceAll("|", "%7C"))}|${label}>`;

/** Formats a time that Slack shows in each reader's time zone. Undefined for a time that is implausible. */
export function mrkdwnDate(atMs: number): string | undefined {
  const seconds = Math.floor(atMs / 1000);
  if (!(seconds > 0 && seconds < year10000)) return undefined;
  const iso = new Date(seconds * 1000).toISOString();
  return `<!date^${seconds}^{date_short_pretty} {time_secs}|${iso}>`;
}

const year10000 = 253_402_300_800;
