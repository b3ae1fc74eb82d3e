/** Names a message of Slack: the channel's id and the message's time stamp, which is a text and never a number. */
export interface MessageReceipt {
  readonly channel: string;
  readonly ts: string;
}

const form = /^([A-Za-z0-9]{1,40}):(\d{1,12}\.\d{1,9})$/;

/** Undefined: no message can be updated, as at a server that returns neither channel nor time stamp. */
export function parseMessageReceipt(receipt: string | undefined): MessageReceipt | undefined {
  const [, channel, ts] = form.exec(receipt ?? "") ?? [];
  return channel === undefined || ts === undefined ? undefined : { channel, ts };
}

export const printMessageReceipt = ({ channel, ts }: MessageReceipt): string => `${channel}:${ts}`;
