import { randomBytes } from "node:crypto";
import { alertFingerprint, formatDuration } from "@tocsin/core";
import { UsageError } from "../config/operator-error.ts";
import { callApi } from "./api.ts";
import type { DrillOptions, OperatorOptions } from "./operator-options.ts";

/** The alert of a fire drill that fires now. */
export interface DrillAlert {
  readonly fingerprint: string;
  readonly end: () => Promise<void>;
}

/**
 * Sends the alert as Prometheus does: through the intake and the filters of targets. The webhook of Alertmanager carries
 * no end, and this one ends the drill of a killed command when its source sends again after that time.
 */
export async function drillThroughIntake(options: DrillOptions, endsAfterMs: number): Promise<DrillAlert> {
  const labels = {
    ...Object.fromEntries((options.label ?? []).map(labelIn)),
    alertname: "TocsinDrill",
    severity: options.severity,
    tocsin_drill: "true",
    drill: randomBytes(6).toString("hex"),
  };
  const annotations = {
    summary: "DRILL: Tocsin tests whether pages arrive. Acknowledge it; nothing is wrong",
    description: "An operator started this fire drill. Acknowledge it as you would a real page. It resolves by itself.",
  };
  const startsAtMs = Date.now();
  const send = async (endMs: number) => {
    const times = { startsAt: new Date(startsAtMs).toISOString(), endsAt: new Date(endMs).toISOString() };
    await callApi(options, "POST", "/api/v2/alerts", JSON.stringify([{ labels, annotations, ...times }]));
  };
  await send(startsAtMs + endsAfterMs);
  return { fingerprint: alertFingerprint(labels), end: () => send(Date.now()) };
}

/** Asks the service to send the alert to one target, whatever its filters. */
export async function drillAtTarget(
  options: OperatorOptions & Pick<DrillOptions, "target" | "severity" | "label">,
  endsAfterMs: number,
): Promise<DrillAlert> {
  const { target = "", severity, label } = options;
  if (label !== undefined) throw new UsageError("--label has no meaning with --target, which ignores filters");
  const path = `targets/${encodeURIComponent(target)}/drill`;
  const query = new URLSearchParams({ severity, for: formatDuration(endsAfterMs) });
  const { fingerprint } = (await callApi(options, "POST", `${path}?${query.toString()}`)) as {
    readonly fingerprint: string;
  };
  const end = async () => {
    await callApi(options, "DELETE", `${path}?fingerprint=${encodeURIComponent(fingerprint)}`);
  };
  return { fingerprint, end };
}

/** @throws UsageError */
function labelIn(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--label: expected NAME=VALUE, found ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
