import type { Endpoint, Publisher, TargetType } from "@tocsin/core";
import { alertmanagerPublisher, alertmanagerTargetType } from "./alertmanager/index.ts";
import { pagerdutyPublisher, pagerdutyTargetType } from "./pagerduty/index.ts";
import type { PublisherOptions, PublisherSurroundings } from "./shared/publisher-options.ts";
import { rootlyPublisher, rootlyTargetType } from "./rootly/index.ts";
import { tlsSettingsOf } from "./shared/tls-settings.ts";
import { slackPublisher, slackTargetType } from "./slack/index.ts";
import { webhookPublisher, webhookTargetType } from "./webhook/index.ts";

interface Registered {
  readonly target: TargetType;
  readonly open: (endpoint: Endpoint, surroundings: PublisherSurroundings) => Publisher;
}

/** All publishers, one line each. Target types, JSON Schema and docs derive from it. */
const registry: readonly Registered[] = [
  { target: pagerdutyTargetType, open: pagerdutyPublisher },
  { target: rootlyTargetType, open: rootlyPublisher },
  { target: slackTargetType, open: slackPublisher },
  { target: webhookTargetType, open: webhookPublisher },
  { target: alertmanagerTargetType, open: alertmanagerPublisher },
];

/** All target types, for `parseTarget` and `targetJsonSchema` of @tocsin/core. */
export const targetTypes: readonly TargetType[] = registry.map(({ target }) => target);

/**
 * Opens the publisher of a target, by its type. This is cheap: the transport owns the connections and shares them.
 *
 * @throws Error for a type without a publisher; every target that `parseTarget` accepts has one
 */
export function createPublisher(endpoint: Endpoint, options: PublisherOptions): Publisher {
  const registered = registry.find(({ target }) => target.type === endpoint.type);
  if (!registered) throw new Error(`no publisher for targets of type ${JSON.stringify(endpoint.type)}`);
  const { fromSecret = false, typeOptions: own, tls } = endpoint;
  const linkLocal = own["anyAddress"] === true;
  const transport = options.transport.for({ fromSecret, linkLocal, tls: tls && tlsSettingsOf(tls) });
  return registered.open(endpoint, { ...options, transport });
}
