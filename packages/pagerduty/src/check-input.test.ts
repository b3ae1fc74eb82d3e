import { describe, expect, test } from "vitest";
import { validate } from "./validate.ts";
import { checkChange, checkDedupKey, checkTrigger } from "./check-input.ts";
import { PagerDutyValidationError } from "./errors.ts";
import type { AcknowledgeInput, ChangeInput, ResolveInput, TriggerInput } from "./input.ts";

const payload = { summary: "s", source: "h", severity: "info" } as const;

/** `path: message` of every issue. */
function issues(check: Parameters<typeof validate>[0], value: unknown): string[] {
  try {
    validate(check, value, "invalid_event");
  } catch (error) {
    if (error instanceof PagerDutyValidationError)
      return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const filled = "must be a string that is not blank";
const text = "must be a string";
const object = "must be an object";
const severity = 'must be "critical", "error", "warning" or "info"';
const time = "must be a valid Date or a date and time as in ISO 8601";
const plain = "must be a plain object";

describe("a trigger", () => {
  test.each<[string, unknown]>([
    ["the least", { payload }],
    [
      "undefined for optional fields",
      { payload: { ...payload, group: undefined }, dedupKey: undefined, links: undefined },
    ],
    [
      "everything",
      {
        dedupKey: "",
        payload: { ...payload, timestamp: new Date(), component: "", group: "", class: "", customDetails: {} },
        links: [{ href: "" }, { href: "x", text: "" }],
        images: [{ src: "" }, { src: "x", href: "x", alt: "x" }],
        client: "",
        clientUrl: "",
      },
    ],
    ["a prototype of its own", Object.create({ x: 1 }, { payload: { value: payload, enumerable: true } })],
  ])("may have %s", (_, input) => {
    expect(issues(checkTrigger, input)).toEqual([]);
  });

  test.each<[unknown, string[]]>([
    [undefined, [`: ${object}`]],
    [null, [`: ${object}`]],
    [[], [`: ${object}`]],
    ["text", [`: ${object}`]],
    [{}, [`payload: ${object}`]],
    [
      { payload: {} },
      [
        `payload.summary: missing: ${filled}`,
        `payload.source: missing: ${filled}`,
        `payload.severity: missing: ${severity}`,
      ],
    ],
    [
      { payload: { summary: " \n\u00a0", source: "", severity: "Critical" } },
      [`payload.summary: ${filled}`, `payload.source: ${filled}`, `payload.severity: ${severity}`],
    ],
    [
      { payload: { summary: 5, source: ["h"], severity: ["info"] } },
      [`payload.summary: ${filled}`, `payload.source: ${filled}`, `payload.severity: ${severity}`],
    ],
    [{ payload: { ...payload, timestamp: new Date(Number.NaN) } }, [`payload.timestamp: ${time}`]],
    [{ payload: { ...payload, timestamp: new Date(8.64e15) } }, [`payload.timestamp: ${time}`]],
    [{ payload: { ...payload, timestamp: "soon" } }, [`payload.timestamp: ${time}`]],
    [{ payload: { ...payload, timestamp: 1_437_122_578 } }, [`payload.timestamp: ${time}`]],
    [{ payload: { ...payload, customDetails: "x" } }, [`payload.customDetails: ${plain}`]],
    [{ payload: { ...payload, customDetails: ["x"] } }, [`payload.customDetails: ${plain}`]],
    [{ payload: { ...payload, customDetails: null } }, [`payload.customDetails: ${plain}`]],
    [{ payload: { ...payload, customDetails: new Date() } }, [`payload.customDetails: ${plain}`]],
    [
      { payload: { ...payload, component: 1, group: null, class: {} } },
      [`payload.component: ${text}`, `payload.group: ${text}`, `payload.class: ${text}`],
    ],
    [
      { payload, dedupKey: 1, client: 2, clientUrl: 3, links: {}, images: "x" },
      [
        `dedupKey: ${text}`,
        "links: must be an array",
        "images: must be an array",
        `client: ${text}`,
        `clientUrl: ${text}`,
      ],
    ],
    [
      {
        payload,
        links: [{ href: "x" }, {}, { href: "x", text: 5 }, null],
        images: [{ src: 1, href: 2, alt: 3, x: 4 }],
      },
      [
        `links[1].href: missing: ${text}`,
        `links[2].text: ${text}`,
        `links[3]: ${object}`,
        `images[0].src: ${text}`,
        `images[0].href: ${text}`,
        `images[0].alt: ${text}`,
        "images[0].x: is not known here",
      ],
    ],
    [
      { payload: { ...payload, custom_details: {} }, dedup_key: "d" },
      ["payload.custom_details: is not known here", "dedup_key: is not known here"],
    ],
  ])("%j: every issue is named", (input, expected) => {
    expect(issues(checkTrigger, input)).toEqual(expected);
  });
});

test("acknowledge and resolve need their key", () => {
  expect(
    [{}, { dedupKey: " " }, { dedupKey: 5 }, { dedupKey: "d" }, { dedupKey: "d", payload }].map((input) =>
      issues(checkDedupKey, input),
    ),
  ).toEqual([
    [`dedupKey: missing: ${filled}`],
    [`dedupKey: ${filled}`],
    [`dedupKey: ${filled}`],
    [],
    ["payload: is not known here"],
  ]);
});

test("a change needs a summary, and has no severity", () => {
  const whole = {
    payload: { summary: "s", source: "", timestamp: "2026-01-01T00:00:00Z", customDetails: {} },
    links: [{ href: "x" }],
  };
  expect(issues(checkChange, whole)).toEqual([]);
  expect(
    issues(checkChange, {
      payload: { severity: "info", source: 1, timestamp: 1, customDetails: 1 },
      links: 1,
      images: [],
    }),
  ).toEqual([
    `payload.summary: missing: ${filled}`,
    `payload.source: ${text}`,
    `payload.timestamp: ${time}`,
    `payload.customDetails: ${plain}`,
    "payload.severity: is not known here",
    "links: must be an array",
    "images: is not known here",
  ]);
});

test("the compiler refuses the same faults", () => {
  // @ts-expect-error a resolve without a key
  const resolve: ResolveInput = {};
  // @ts-expect-error an acknowledge without a key
  const acknowledge: AcknowledgeInput = {};
  // @ts-expect-error an unknown severity
  const severe: TriggerInput = { payload: { ...payload, severity: "Critical" } };
  // @ts-expect-error a trigger without a source
  const nowhere: TriggerInput = { payload: { summary: "s", severity: "info" } };
  // @ts-expect-error a change with a key
  const change: ChangeInput = { payload: { summary: "s" }, dedupKey: "d" };
  const all = [issues(checkDedupKey, resolve), issues(checkDedupKey, acknowledge), issues(checkTrigger, severe)];
  expect([...all, issues(checkTrigger, nowhere), issues(checkChange, change)].map((found) => found.length)).toEqual([
    1, 1, 1, 1, 1,
  ]);
});
