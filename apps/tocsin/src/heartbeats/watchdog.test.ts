import { parseMatchers } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { watchdogWarnings } from "./watchdog.ts";

const warningsOf = (...matchers: string[]) =>
  watchdogWarnings([
    { source: "am", matchers: matchers.flatMap((text) => parseMatchers(text)) },
    { source: "cron", matchers: undefined },
  ]);

describe("matchers of a heartbeat", () => {
  test.each(['severity="critical"', 'alertname!="Watchdog"', 'alertname=~".*"', 'team=""', 'severity!="none"'])(
    "%s is warned about, because it swallows pages",
    (matcher) => {
      expect(warningsOf(matcher)).toEqual([{ path: "sources", message: expect.stringContaining("source am match") }]);
    },
  );

  test.each(['alertname="Watchdog"', 'alertname=~"Watchdog|DeadMansSwitch"', 'heartbeat="true"', 'severity="none"'])(
    "%s is not",
    (matcher) => {
      expect(warningsOf(matcher, 'severity!="info"')).toEqual([]);
    },
  );
});
