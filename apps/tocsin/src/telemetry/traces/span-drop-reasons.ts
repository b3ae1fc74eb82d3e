/** Why spans are dropped: no room, the collector did not take them, or it accepted the request without them. A closed list. */
export const spanDropReasons = ["queue_full", "export_failed", "rejected"] as const;
export type SpanDropReason = (typeof spanDropReasons)[number];
