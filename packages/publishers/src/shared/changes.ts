import { type Change, changeOfAlert, isoTime, type Notification } from "@tocsin/core";

/**
 * The change that a notification with the action `change` is about: reported as a change, or by an alert with the label
 * `change_event`. The dedup key of such an alert is the id of its first record, and its target's template may make the summary.
 */
export const changeIn = ({ alert, sender, summary, dedupKey }: Notification): Change =>
  alert.change ?? { ...changeOfAlert(alert, sender ?? "unknown"), id: dedupKey, summary };

/** A related change in the details of a page: short, because a page may have five. */
export interface RelatedChange {
  readonly summary: string;
  readonly source: string;
  readonly timestamp: string | undefined;
  readonly environment?: string;
  readonly state?: string;
  readonly link?: string;
}

/** UTF-16 units of a summary and of a source. Both come from senders. */
const most = { summary: 300, source: 100, link: 2_000 };

/** The related changes of a page. Empty for all other events. */
export function relatedChangesIn({ relatedChanges = [] }: Notification): RelatedChange[] {
  return relatedChanges.map(({ summary, source, timestampMs, environment, state, links }) => {
    const href = links.map((link) => webUrl(link.href)).find((url) => url !== undefined);
    return {
      summary: cut(summary, most.summary),
      source: cut(source, most.source),
      timestamp: isoTime(timestampMs),
      ...(environment !== undefined && { environment: cut(environment, most.source) }),
      ...(state !== undefined && { state }),
      ...(href !== undefined && { link: href }),
    };
  });
}

/** A web address, normalized so that every receiver reads it the same way. */
function webUrl(text: string): string | undefined {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) && url.href.length <= most.link ? url.href : undefined;
}

const cut = (text: string, length: number): string =>
  (text.length > length ? `${text.slice(0, length - 1)}…` : text).toWellFormed();
