import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { hasTool } from "../../debian-tool.fixture.ts";
import { Metrics } from "../../telemetry/metrics.ts";

const promtool = "/usr/bin/promtool";
const page = readFileSync(join(import.meta.dirname, "../../../../../docs/kubernetes.md"), "utf8");
const rules = /```yaml\n(groups:\n[^`]*)```/.exec(page)?.[1];

/** The series that the service exposes, by scenario. Times are in seconds since the start of the alert's test. */
async function seriesOf(happened: (metrics: Metrics) => void): Promise<Map<string, number>> {
  const metrics = new Metrics("1.0.0");
  happened(metrics);
  const text = await metrics.registry.metrics();
  metrics.stop();
  return new Map(
    Array.from(text.matchAll(/^(tocsin_discovery_(?:stale|last_sync\w+)\{.*\}) (\S+)$/gm), ([, series = "", value]) => [
      series,
      Number(value),
    ]),
  );
}

/** Returns which of the documented alerts fire after each of these minutes. Prometheus itself evaluates them. */
function firing(
  series: ReadonlyMap<string, number>,
  expected: Record<string, Record<string, readonly string[]>>,
): string {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-promtool-"));
  writeFileSync(join(dir, "rules.yaml"), rules ?? "");
  const alerts = Object.entries(expected).flatMap(([minutes, byName]) =>
    Object.entries(byName).map(([alertname, places]) => ({
      eval_time: `${minutes}m`,
      alertname,
      exp_alerts: places.map((where) => ({ exp_labels: { source: "kubernetes", where } })),
    })),
  );
  const input_series = Array.from(series, ([name, value]) => ({ series: name, values: `${value}x120` }));
  const tests = [{ interval: "1m", input_series, alert_rule_test: alerts }];
  writeFileSync(join(dir, "test.yaml"), stringify({ rule_files: ["rules.yaml"], evaluation_interval: "1m", tests }));
  const { stdout, stderr, status } = spawnSync(promtool, ["test", "rules", "test.yaml"], {
    cwd: dir,
    encoding: "utf8",
  });
  rmSync(dir, { recursive: true });
  return status === 0 ? "as expected" : `${stdout}${stderr}`;
}

test.skipIf(!hasTool(promtool, "prometheus"))(
  "the documented alerts fire for each place that is not read, also before the first success",
  async () => {
    const series = await seriesOf((metrics) => {
      for (const where of ["never-read", "revoked", "well"]) {
        metrics.discovered("kubernetes", where, 0);
        metrics.discoveryStale("kubernetes", where, true);
      }
      for (const where of ["revoked", "well"])
        metrics.discovered("kubernetes", where, where === "well" ? 7_200_000 : 60_000);
      metrics.discoveryStale("kubernetes", "well", false);
      metrics.discoveryEnded("kubernetes", "gone");
    });
    expect(series.size).toBe(6);
    const blind = ["never-read", "revoked"];
    const answer = firing(series, {
      5: { TocsinDiscoveryStale: [], TocsinDiscoveryNotSynced: [] },
      11: { TocsinDiscoveryStale: blind, TocsinDiscoveryNotSynced: [] },
      31: { TocsinDiscoveryStale: blind, TocsinDiscoveryNotSynced: ["never-read"] },
      35: { TocsinDiscoveryStale: blind, TocsinDiscoveryNotSynced: blind },
    });
    expect(answer).toBe("as expected");
    expect(firing(series, { 31: { TocsinDiscoveryNotSynced: [] } }), "promtool judges").toContain("never-read");
  },
);
