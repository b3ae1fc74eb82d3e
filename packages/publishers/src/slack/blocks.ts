/** https://docs.slack.dev/reference/block-kit/blocks, only the used part. */
export type Block =
  | { readonly type: "section"; readonly text: Text }
  | { readonly type: "section"; readonly fields: readonly Text[] }
  | { readonly type: "context"; readonly elements: readonly Text[] };

export type Text = Mrkdwn | PlainText;

interface Mrkdwn {
  readonly type: "mrkdwn";
  readonly text: string;
  /** Slack reads only explicit markup: no name of a channel or person in an alert becomes a link. */
  readonly verbatim: true;
}

/** Text in which Slack reads no markup at all, not even `*bold*`. */
interface PlainText {
  readonly type: "plain_text";
  readonly text: string;
  /** False: `:tada:` stays text. */
  readonly emoji: false;
}

export const mrkdwn = (text: string): Mrkdwn => ({ type: "mrkdwn", text, verbatim: true });
export const section = (text: string): Block => ({ type: "section", text: mrkdwn(text) });
const plain = (text: string): PlainText => ({ type: "plain_text", text, emoji: false });
export const plainSection = (text: string): Block => ({ type: "section", text: plain(text) });
/** @param plainText shown after the text, without markup */
export const context = (text: string, plainText?: string): Block => ({
  type: "context",
  elements: [mrkdwn(text), ...(plainText === undefined ? [] : [plain(plainText)])],
});

/** Slack's limits: 3,000 characters per section, 2,000 per field, 10 fields. The limit of 50 blocks is never reached. */
export const most = { summary: 1_100, text: 3_000, fields: 10, fieldName: 100, fieldValue: 300 };
