import { expect, test } from "vitest";
import { amtool } from "../../apps/tocsin/src/amtool.fixture.ts";
import { hasPrometheus, startAlertmanager } from "../support/debian.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";

/*
 * The same bodies to `POST /api/v2/alerts` of Debian's Alertmanager and of Tocsin: Tocsin accepts each body that
 * Alertmanager accepts, and answers every error as one JSON string.
 */

const times = [
  "2026-01-31T12:00:00Z",
  "2026-01-31T12:00:00",
  "2026-01-31T12:00:00+00:00",
  "2026-01-31T12:00:00.000+0000",
  "2026-01-31T14:00:00.5-0700",
  "2026-01-31 12:00:00",
  "2026-01-31 12:00:00.123",
  "2026-01-31T12:00Z",
  "2026-01-31T12:00",
  "2026-01-31T9:00:00Z",
  "2026-01-31T12:00:00,123Z",
  "2026-01-31T12:00:00.123456789123Z",
  "2026-01-31T12:00:00+24:00",
  "0001-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "",
  "2026-02-30T12:00:00Z",
  "2026-01-31T24:00:00Z",
  "2026-01-31",
  "now",
];
const noTexts = [null, 0, 1_769_860_800, true, [], {}];
const maps = [null, {}, [], "x", 5, { a: null }, { a: "" }, { a: 5 }, { a: {} }, { "": "" }, { a: "\u0000" }];
const urls = [null, "", "http://x/y z", "/relative", "//x", "mailto:a@b", "http://u:p@x/", 5, {}];

/** Field by fault, in an alert that is otherwise right. */
const faults: readonly (readonly [field: string, values: readonly unknown[]])[] = [
  ["startsAt", [...times, ...noTexts]],
  ["endsAt", [...times, ...noTexts]],
  ["generatorURL", urls],
  ["labels", maps],
  ["annotations", maps],
  ["status", ["firing", 5]],
  ["StartsAt", ["2026-01-31T12:00:00Z", 5]],
];

const whole = (name: string) => [
  "",
  " ",
  "null",
  "[]",
  "{}",
  "[5]",
  "[[]]",
  '"x"',
  "true",
  "[",
  "[NaN]",
  `[{"labels":{"alertname":"${name}"}},]`,
  `[{"labels":{"alertname":"${name}"},"x":1e999}]`,
  `[{"labels":{"alertname":"${name}"},"labels":{"alertname":"${name}2"}}]`,
  `[{"Labels":{"alertname":"${name}"}}]`,
  `[{"labels":{"alertname":"${name}\\ud800"}}]`,
  `[{"labels":{"alertname":"${name}"}}]\n\n`,
  `[{"labels":{"alertname":"${name}"},"startsAt":"2003-01-01T00:00:00Z","endsAt":"2001-01-01T00:00:00Z"}]`,
];

function bodies(): string[] {
  let count = 0;
  const alertWith = (field: string, value: unknown) => {
    const labels = { alertname: `case-${count++}` };
    const own = field === "labels" && typeof value === "object" && value !== null && !Array.isArray(value);
    return JSON.stringify([{ labels, endsAt: undefined, [field]: own ? { ...labels, ...value } : value }]);
  };
  return [...faults.flatMap(([field, values]) => values.map((value) => alertWith(field, value))), ...whole("whole")];
}

async function post(address: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${address}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

test.runIf(hasPrometheus())("accepts each posted body that Debian's Alertmanager accepts", async () => {
  await using pagerduty = await PagerDuty.open();
  await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
  await using alertmanager = await startAlertmanager({ webhook: `${tocsin.url}/api/v1/webhook/alertmanager` });
  const all = bodies();
  const counts = { accepted: 0, refused: 0, refusedByAlertmanagerOnly: 0 };
  const refused = { status: 400, text: expect.stringMatching(/^"(?:[^"\\]|\\.)*"$/) };
  for (const body of all) {
    const theirs = await post(`http://${alertmanager.address}`, body);
    const ours = await post(tocsin.url, body);
    const accepted = theirs.status === 200 || ours.status === 200;
    expect({ body, ...ours }).toEqual({ body, ...(accepted ? { status: 200, text: "" } : refused) });
    if (theirs.status === 200) counts.accepted++;
    else if (accepted) counts.refusedByAlertmanagerOnly++;
    else counts.refused++;
  }
  console.log(`${all.length} bodies: ${JSON.stringify(counts)}`);
  expect(all.length).toBeGreaterThan(100);
  expect(counts.accepted).toBeGreaterThan(50);
  expect(counts.refused).toBeGreaterThan(30);
});

test.runIf(hasPrometheus())("amtool adds alerts, and shows why one is refused", async () => {
  await using pagerduty = await PagerDuty.open();
  await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
  expect(await amtool(tocsin.url, ["alert", "add", "alertname=FromAmtool", "severity=critical"])).toEqual({
    code: 0,
    stdout: "",
    stderr: expect.stringMatching(/^Warning: amtool version .*\n$/),
  });
  const ends = ["--start=2026-01-31T12:00:00Z", "--end=2026-01-30T12:00:00Z"];
  const refused = await amtool(tocsin.url, ["alert", "add", "alertname=Wrong", ...ends]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("endsAt: must not be before startsAt");
});
