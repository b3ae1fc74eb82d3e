import { type Alert, alertName, type Endpoint, type Notification } from "@tocsin/core";

export interface Link {
  readonly href: string;
  readonly text: string;
}

/** The pages that help the person who was woken, each once, as the alert has them: some may be no web address at all. */
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

/** Those that are web addresses, spelled so that no receiver can misread them. */
export function webLinksOf(telling: Notification, metadata: Endpoint["metadata"]): Link[] {
  return linksOf(telling, metadata).flatMap(({ text, href }) => {
    const url = URL.parse(href);
    return url && /^https?:$/.test(url.protocol) && url.href.length <= longestUrl ? [{ text, href: url.href }] : [];
  });
}

/** Browsers and receivers take 2,000 and more; what is longer is no page that a person would open. */
const longestUrl = 2_000;

function runbookOf(alert: Alert, base: unknown): string | undefined {
  if (typeof base !== "string" || base === "") return undefined;
  return `${base.replace(/\/+$/, "")}/${encodeURIComponent(alertName(alert).toWellFormed())}`;
}
