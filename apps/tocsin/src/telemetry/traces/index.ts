import type { Clock } from "@tocsin/core";
import type { Transport } from "@tocsin/http";
import type { Tracing } from "../tracing.ts";
import { OpenTelemetryTracing } from "./open-telemetry-tracing.ts";
import { otlpSender } from "./otlp-sender.ts";
import { SpanQueue, type SpanQueueOptions } from "./span-queue.ts";
import type { TraceSettings } from "./trace-settings.ts";

export interface TracingOptions extends Pick<SpanQueueOptions, "dropped" | "failed"> {
  readonly clock: Clock;
  readonly transport: Pick<Transport, "post">;
  readonly version: string;
  readonly instance: string;
}

/** Opens tracing to a collector. This module loads OpenTelemetry: import it only if `telemetry.traces` is set. */
export function openTracing(settings: TraceSettings, options: TracingOptions): Tracing {
  const { clock, version, instance, dropped, failed } = options;
  const processor = new SpanQueue({ clock, send: otlpSender(settings, options), dropped, failed });
  return new OpenTelemetryTracing({ sample: settings.sample, version, instance, clock, processor });
}
