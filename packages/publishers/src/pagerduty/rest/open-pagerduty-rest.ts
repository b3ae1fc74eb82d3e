import type { Target } from "@tocsin/core";
import type { PublisherOptions } from "../../shared/publisher-options.ts";
import { tlsSettingsOf } from "../../shared/tls-settings.ts";
import type { PagerDutyRest } from "./pagerduty-rest.ts";
import { restUrl } from "./rest-url.ts";

export type RestTarget = Pick<Target, "url" | "restToken" | "headers" | "tls" | "timeoutMs" | "fromSecret">;

/**
 * Opens a reader of PagerDuty's REST API with the token of a target. Undefined: it has none. Keep it: it counts its calls. Its
 * code is loaded by the first call.
 */
export function openPagerDutyRest(target: RestTarget, options: PublisherOptions): PagerDutyRest | undefined {
  if (target.restToken === undefined) return undefined;
  let opened: Promise<PagerDutyRest> | undefined;
  const client = () => (opened ??= open(target, target.restToken!, options));
  return {
    incidentAlertKeys: async (...args) => (await client()).incidentAlertKeys(...args),
    incidentAlerts: async (...args) => (await client()).incidentAlerts(...args),
    findIncident: async (...args) => (await client()).findIncident(...args),
    openIncidents: async (...args) => (await client()).openIncidents(...args),
  };
}

async function open(
  target: RestTarget,
  token: NonNullable<RestTarget["restToken"]>,
  { transport, version, now }: PublisherOptions,
): Promise<PagerDutyRest> {
  const { restClient } = await import("./rest-client.ts");
  const { timeoutMs, fromSecret = false } = target;
  const url = restUrl(target.url);
  // Headers and the name in the certificate are those of a proxy: PagerDuty's API has another name than its Events API.
  const isSameOrigin = url === new URL(target.url).origin;
  const { serverName, ...texts } = target.tls ? tlsSettingsOf(target.tls) : {};
  const tls = isSameOrigin && serverName !== undefined ? { ...texts, serverName } : texts;
  const headers = Object.entries(target.headers).flatMap(([name, value]) =>
    isSameOrigin && name.toLowerCase() !== "authorization" ? [name, value.reveal()] : [],
  );
  const sender = transport.for({
    fromSecret,
    linkLocal: false,
    tls: Object.keys(tls).length > 0 ? tls : undefined,
  });
  return restClient({ url, token, headers, timeoutMs, transport: sender, version, now });
}
