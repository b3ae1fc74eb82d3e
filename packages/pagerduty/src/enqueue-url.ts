/** The service region of an account: https://support.pagerduty.com/docs/service-regions */
export type Region = "us" | "eu";

const regions: Record<Region, string> = {
  us: "https://events.pagerduty.com",
  eu: "https://events.eu.pagerduty.com",
};

const paths = { alert: "/v2/enqueue", change: "/v2/change/enqueue" } as const;

/** Base URL of the Events API: `baseUrl` as given, else that of the region. @default region "us" */
export function eventsUrl({
  region = "us",
  baseUrl,
}: { region?: Region | undefined; baseUrl?: string | undefined } = {}): string {
  return baseUrl ?? regions[region];
}

/**
 * The URL to post to. The base may come with or without an API path, with a trailing slash, and with a prefix of a proxy.
 *
 * @throws TypeError when the base is not an absolute URL
 * @example
 * enqueueUrl("https://events.pagerduty.com", "alert"); // "https://events.pagerduty.com/v2/enqueue"
 * enqueueUrl("https://events.pagerduty.com/v2/enqueue", "change"); // "https://events.pagerduty.com/v2/change/enqueue"
 */
export function enqueueUrl(base: string, kind: "alert" | "change"): string {
  const url = new URL(base);
  const prefix = url.pathname.replace(/\/+$/, "").replace(/\/+v2(?:\/+change)?(?:\/+enqueue)?$/, "");
  url.pathname = prefix + paths[kind];
  url.hash = "";
  return url.href;
}
