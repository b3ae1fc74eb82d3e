import { type Alert, alertFingerprint, type Claim } from "@tocsin/core";
import { z } from "zod";

import { type Located, located } from "../issues.ts";
import { alertFields, isEmpty, noLabels } from "./alert-fields.ts";
import { type Batch, readBatch, type Received, unreadable } from "./batch.ts";
import { quickAlert, type SaidAlert } from "./quick-alert.ts";

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, `postableAlert`: no status, no fingerprint. */
export const postedAlert = z.object(alertFields);

/**
 * The body of `POST /api/v2/alerts`, as Prometheus and whatever speaks like it (vmalert, Thanos and Loki rulers) send it.
 * Every firing alert comes with an end in the future that each repeat moves on; one that has passed means resolved.
 */
export function parsePostedAlerts(body: unknown, from: Received): Batch {
  return Array.isArray(body)
    ? readBatch(body, (alert) => parsePostedAlert(alert, from))
    : unreadable("", "expected a list of alerts");
}

function parsePostedAlert(input: unknown, from: Received): Claim | readonly Located[] {
  const quick = quickAlert(input);
  if (quick !== undefined) return claimOf(quick, from);
  const parsed = postedAlert.safeParse(input);
  return parsed.success ? claimOf(parsed.data, from) : located(parsed.error);
}

function claimOf(said: SaidAlert, { source, sender, nowMs }: Received): Claim | readonly Located[] {
  const { labels, annotations, startsAt, endsAt, generatorURL } = said;
  if (isEmpty(labels)) return noLabels;
  if (startsAt !== undefined && endsAt !== undefined && endsAt < startsAt) return endsFirst;
  const alert: Alert = {
    fingerprint: alertFingerprint(labels),
    labels,
    annotations,
    startsAtMs: startsAt ?? Math.min(endsAt ?? nowMs, nowMs),
    ...(generatorURL !== undefined && { generatorURL }),
  };
  if (endsAt === undefined) return { alert, status: "firing", source, sender };
  return { alert, status: endsAt <= nowMs ? "resolved" : "firing", source, sender, endsAtMs: endsAt };
}

const endsFirst: readonly Located[] = [{ path: ["endsAt"], message: "must not be before startsAt" }];
