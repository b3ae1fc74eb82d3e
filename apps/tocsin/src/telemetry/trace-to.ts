import type { Clock } from "@tocsin/core";
import type { Transport } from "@tocsin/http";
import type { RecentFailure } from "../health/recent-failure.ts";
import { version } from "../config/version.ts";
import { LogThrottle } from "./log-throttle.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { TraceSettings } from "./traces/trace-settings.ts";
import type { Tracing } from "./tracing.ts";

export interface TraceToOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "spansDropped">;
  readonly transport: Pick<Transport, "post">;
  /** Identity of this process. */
  readonly instance: string;
  /** Receives each failed export. */
  readonly failures: Pick<RecentFailure, "report">;
}

const logRule = { everyMs: 10 * 60_000 };

/** Traces to a collector. OpenTelemetry is loaded only here. */
export async function traceTo(settings: TraceSettings, options: TraceToOptions): Promise<Tracing> {
  const { clock, log, metrics, transport, instance, failures } = options;
  const { openTracing } = await import("./traces/index.ts");
  const throttle = new LogThrottle(clock, logRule);
  return openTracing(settings, {
    clock,
    transport,
    version,
    instance,
    dropped: (count, reason) => metrics.spansDropped(count, reason),
    failed(problem) {
      failures.report(problem);
      const passed = throttle.pass("traces");
      if (passed === undefined) return;
      log.warn(
        { event: "trace_export_failed", collector: settings.origin, error: problem, ...passed },
        "Traces were not exported: alerts are delivered as usual. Tried again; spans beyond the queue are dropped",
      );
    },
  });
}
