import type { Incident, IncidentChange } from "../state/incident-store.ts";

/** A change of an incident, as a receiver announces it. */
export interface Announced {
  readonly id: string;
  readonly kind: string;
  readonly incident: Incident;
  readonly atMs: number;
  readonly isPerson: boolean;
}

/** The form of one vendor's webhooks. */
export interface WebhookFormat {
  /** The type of the event. Undefined: the vendor announces no such change. */
  kindOf(change: IncidentChange, incident: Incident, before: Incident["status"] | undefined): string | undefined;
  bodyOf(announced: Announced): unknown;
  /** `secrets` is never empty. */
  signatureOf(body: string, secrets: readonly string[], nowMs: number): Readonly<Record<string, string>>;
  readonly userAgent: string;
}
