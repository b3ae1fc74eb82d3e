/** https://developer.pagerduty.com/docs/rest-api-overview: the REST API has hosts of its own. */
const restHosts: Readonly<Record<string, string>> = {
  "events.pagerduty.com": "api.pagerduty.com",
  "events.eu.pagerduty.com": "api.eu.pagerduty.com",
};

/**
 * The origin of the REST API that belongs to the url of a target: PagerDuty's own for PagerDuty's Events API, in the same region;
 * else that of the url, for a proxy or a simulator that serves both.
 *
 * @example
 * restUrl("https://events.eu.pagerduty.com"); // "https://api.eu.pagerduty.com"
 */
export function restUrl(eventsUrl: string): string {
  const { origin, hostname } = new URL(eventsUrl);
  const host = restHosts[hostname.replace(/\.$/, "")];
  return host === undefined ? origin : `https://${host}`;
}
