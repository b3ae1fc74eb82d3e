export type {
  AcknowledgeEvent,
  AlertEvent,
  ChangeEvent,
  ChangePayload,
  Image,
  Link,
  Payload,
  ResolveEvent,
  Severity,
  TriggerEvent,
} from "./event.ts";
export { toSeverity } from "./severity.ts";
export { fitSummary, maxSummaryCodePoints } from "./summary.ts";
export { fitDedupKey, maxDedupKeyCharacters } from "./dedup-key.ts";
export { fitImages, fitLinks } from "./links.ts";
export { fitEvent, type FittedEvent } from "./fit-event.ts";
export { maxBodyBytes } from "./body.ts";
export { acceptsChanges, isRoutingKey, routingKeyPattern } from "./routing-key.ts";
export { enqueueUrl, eventsUrl, type Region } from "./endpoint.ts";
