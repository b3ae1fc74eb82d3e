import type { Endpoint, Publisher, TargetType } from "@tocsin/core";
import { alertmanagerPublisher, alertmanagerTarget } from "./alertmanager/index.ts";
import { pagerdutyPublisher, pagerdutyTarget } from "./pagerduty/index.ts";
import type { PublisherOptions, PublisherSurroundings } from "./shared/publisher-options.ts";
import { rootlyPublisher, rootlyTarget } from "./rootly/index.ts";
import { tlsSettingsOf } from "./shared/tls-settings.ts";
import { slackPublisher, slackTarget } from "./slack/index.ts";
import { webhookPublisher, webhookTarget } from "./webhook/index.ts";

interface Registered {
  readonly target: TargetType;
  readonly open: (endpoint: Endpoint, surroundings: PublisherSurroundings) => Publisher;
}

/** All publishers, one line each. Target types, JSON Schema and docs derive from it. */
const registry: readonly Registered[] = [
  { target: pagerdutyTarget, open: pagerdutyPublisher },
  { target: rootlyTarget, open: rootlyPublisher },
  { target: slackTarget, open: slackPublisher },
  { target: webhookTarget, open: webhookPublisher },
  { target: alertmanagerTarget, open: alertmanagerPublisher },
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
  const trust = { fromSecret, linkLocal: own["anyAddress"] === true };
  const transport = options.transport.for(trust, tls && tlsSettingsOf(tls));
  return registered.open(endpoint, { ...options, transport });
}
