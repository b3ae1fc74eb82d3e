import { isLoopback } from "@tocsin/http";
import { isSlackHost } from "./slack-hosts.ts";

/** The parts of an incoming webhook's URL: its path is the credential. */
export interface WebhookUrl {
  readonly origin: string;
  readonly path: string;
}

const example = '"https://hooks.slack.com/services/T…/B…/…"';

/**
 * Parses a webhook's URL.
 *
 * @returns its parts, or an error text that does not repeat the URL
 */
export function readWebhookUrl(text: string, { allowInsecure }: { allowInsecure: boolean }): WebhookUrl | string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return `expected an incoming webhook's URL such as ${example}`;
  if (url.username || url.password || url.hash) return "must have neither a user name nor a fragment";
  if (url.protocol === "http:" && !allowInsecure && !isLoopback(url.hostname))
    return 'plain http only reaches this machine; use https, or set "allow_insecure": true';
  // Webhooks of Slack's workflows take other fields.
  if (isSlackHost(url) && !(url.hostname.startsWith("hooks.") && url.pathname.startsWith("/services/")))
    return `is no incoming webhook of Slack; one looks like ${example}`;
  if (url.pathname === "/") return `has no path; an incoming webhook looks like ${example}`;
  return { origin: url.origin, path: url.pathname + url.search };
}
