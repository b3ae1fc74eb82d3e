import { describe, expect, test } from "vitest";
import type { Alert } from "../alerts/alert.ts";
import type { Severity } from "../alerts/severity.ts";
import { compileFilters, filterFields } from "./compile-filters.ts";
import { Subject } from "./subject.ts";

const alert: Alert = {
  fingerprint: "f",
  labels: {
    alertname: "KubePodCrashLooping",
    severity: "warning",
    namespace: "shop",
    team: "platform",
    service: "web",
  },
  annotations: {},
  startsAtMs: 0,
};

/** Why the first failing filter fails, or "sent". */
function judge(input: object, threshold?: Severity): string {
  const subject = new Subject(alert);
  const severity = subject.severity ?? "error";
  const failed = compileFilters(filterFields.parse(input), threshold).find(
    (filter) => !filter.passes(subject, severity),
  );
  return failed ? failed.why : "sent";
}

describe("filters", () => {
  test.each<[object, string]>([
    [{}, "sent"],
    [{ severity: "warning" }, "sent"],
    [{ severity: ["WARN", "critical"] }, "sent"],
    [{ severity: ["critical", "error"] }, "severity is none of critical, error"],
    [{ min_severity: "info" }, "sent"],
    [{ min_severity: "warning" }, "sent"],
    [{ min_severity: "error" }, "severity is below error (min_severity)"],
    [{ namespace: "shop" }, "sent"],
    [{ namespace: ["a", "b"] }, 'label namespace is none of "a", "b"'],
    [{ labels: { team: "platform", service: ["api", "web"] } }, "sent"],
    [{ labels: { team: "platform", service: "api" } }, 'label service is none of "api"'],
    [{ labels: { missing: "x" } }, 'label missing is none of "x"'],
    [{ labels: { missing: "" } }, "sent"],
    [{ labels: { toString: "x" } }, 'label toString is none of "x"'],
    [{ matchers: 'service=~"api|web"' }, "sent"],
    [{ matchers: ['service=~"api|web"', "team!=platform"] }, 'does not match team!="platform"'],
    [{ matchers: '{service="web", team=~"plat"}' }, 'does not match team=~"plat"'],
    [{ matchers: "missing!=x" }, "sent"],
    [{ alert_name_pattern: "^Kube" }, "sent"],
    [{ alert_name_pattern: "Crash" }, "sent"],
    [{ alert_name_pattern: "^Node" }, "alert name does not contain ^Node"],
    [{ when: "labels.tier != 'dev'" }, "sent"],
    [{ when: "severity == 'critical'" }, "not true: severity == 'critical'"],
    [{ exclude_noise: true, min_confidence: 1 }, "sent"],
    [{ severity: "warning", namespace: "other", when: "false" }, 'label namespace is none of "other"'],
  ])("%j: %s", (input, verdict) => {
    expect(judge(input)).toBe(verdict);
  });

  test("treat a threshold as a second minimum severity", () => {
    expect(judge({}, "error")).toBe("severity is below error (metadata.severity_threshold)");
    expect(judge({ min_severity: "error" }, "info")).toBe("severity is below error (min_severity)");
  });
});
