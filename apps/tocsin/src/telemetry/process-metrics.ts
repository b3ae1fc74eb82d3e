import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "./series.ts";

/** CPU and memory of the process, read at each scrape. */
export function processMetrics(registry: Registry): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const registers = [registry];
  const startedAt = Date.now() / 1_000 - process.uptime();
  const gauge = (name: string, help: string, read: () => number) => new Gauge({ name, help, registers, read });
  void new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of all threads, user and system, in seconds.",
    registers,
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  gauge("process_resident_memory_bytes", "Resident memory of the process, in bytes.", () => process.memoryUsage.rss());
  gauge("process_start_time_seconds", "Unix time at which the process started, in seconds.", () => startedAt);
  gauge(
    "nodejs_heap_size_used_bytes",
    "JavaScript heap in use by the main thread, in bytes.",
    () => process.memoryUsage().heapUsed,
  );
  gauge(
    "tocsin_event_loop_lag_seconds",
    "99th percentile of the event loop's delay since the previous scrape, in seconds.",
    () => {
      // The histogram includes the timer's own period.
      const lagSeconds = Math.max(0, delay.percentile(99) / 1e9 - 0.02);
      delay.reset();
      return lagSeconds;
    },
  );
  return { stop: () => delay.disable() };
}
