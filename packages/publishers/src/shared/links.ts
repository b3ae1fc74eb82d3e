import { type Alert, alertName, type Endpoint, type Notification } from "@tocsin/core";

export interface Link {
  readonly href: string;
  readonly text: string;
}

/** Returns the links of an alert, each once, unchanged: some may not be web addresses. */
export function linksOf({ alert, incidentUrl }: Notification, metadata: Endpoint["metadata"]): Link[] {
  const { annotations, change } = alert;
  if (change)
    return unique([
      ...change.links.slice(0, maxChangeLinks).map(({ text = "Link", href }) => [text, href] as const),
      ["Tocsin", incidentUrl],
    ]);
  return unique([
    ["Grafana", annotations["grafana_url"]],
    ["Dashboard", annotations["dashboard_url"] || alert.dashboardURL],
    ["Panel", annotations["panelURL"] || alert.panelURL],
    ["Runbook", annotations["runbook_url"] || runbookOf(alert, metadata["runbook_base_url"])],
    ["Source", alert.generatorURL || annotations["generatorURL"]],
    ["Tocsin", incidentUrl],
  ]);
}

/** Senders of changes choose the links, and receivers limit the size of an event. */
const maxChangeLinks = 20;

function unique(links: readonly (readonly [text: string, href: string | undefined])[]): Link[] {
  const seen = new Set<string>();
  return links.flatMap(([text, href]) => {
    if (!href || seen.has(href)) return [];
    seen.add(href);
    return [{ href, text }];
  });
}

/** Returns only web addresses, normalized so that every receiver reads them the same way. */
export function webLinksOf(telling: Notification, metadata: Endpoint["metadata"]): Link[] {
  return linksOf(telling, metadata).flatMap(({ text, href }) => {
    const url = URL.parse(href);
    return url && /^https?:$/.test(url.protocol) && url.href.length <= longestUrl ? [{ text, href: url.href }] : [];
  });
}

/** Longest link, characters. Browsers and receivers accept 2,000 and more; people do not open longer ones. */
const longestUrl = 2_000;

function runbookOf(alert: Alert, base: unknown): string | undefined {
  if (typeof base !== "string" || base === "") return undefined;
  return `${base.replace(/\/+$/, "")}/${encodeURIComponent(alertName(alert).toWellFormed())}`;
}
