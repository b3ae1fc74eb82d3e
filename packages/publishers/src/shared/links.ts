import { type Alert, alertName, type Endpoint, type Notification } from "@tocsin/core";

export interface Link {
  readonly href: string;
  readonly text: string;
}

/** Returns the links of an alert, each once, unchanged: some may not be web addresses. */
export function linksOf({ alert, incidentUrl }: Notification, metadata: Endpoint["metadata"]): Link[] {
  const { annotations } = alert;
  const links: [text: string, href: string | undefined][] = [
    ["Grafana", annotations["grafana_url"]],
    ["Dashboard", annotations["dashboard_url"] || alert.dashboardURL],
    ["Panel", annotations["panelURL"] || alert.panelURL],
    ["Runbook", annotations["runbook_url"] || runbookOf(alert, metadata["runbook_base_url"])],
    ["Source", alert.generatorURL || annotations["generatorURL"]],
    ["Tocsin", incidentUrl],
  ];
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
