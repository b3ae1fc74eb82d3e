import { describe, expect, test } from "vitest";
import type { Alert } from "../alerts/alert.ts";
import { compileTemplate, parseTemplate, TemplateContext, templateSchema } from "./template.ts";

const alert: Alert = {
  fingerprint: "0011223344556677",
  labels: { alertname: "DiskFull", instance: "db-1", severity: "critical" },
  annotations: { summary: "Disk is full" },
  startsAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  generatorURL: "http://prometheus/graph",
};
const eventContext = () => new TemplateContext(alert, "critical", { environment: "production" });
const render = (text: string) => compileTemplate(text)(eventContext());

describe("a template", () => {
  test.each([
    ["{{ alert_name }} on {{ labels.instance }}", "DiskFull on db-1"],
    ["{{ annotations.summary | upcase }}", "DISK IS FULL"],
    ["{{ severity }} {{ fingerprint }} {{ starts_at }}", "critical 0011223344556677 2026-01-02T03:04:05.000Z"],
    ["{{ metadata.environment }} {{ generator_url }}", "production http://prometheus/graph"],
    ['{{ labels.team | default: "nobody" }}', "nobody"],
    ["{% if labels.team %}x{% else %}y{% endif %}", "y"],
    ["{% for label in labels %}{{ label[0] }} {% endfor %}", "alertname instance severity"],
    ["  plain ", "plain"],
  ])("%s renders %j", (text, rendered) => {
    expect(render(text)).toBe(rendered);
  });

  test.each([
    ["a label that is missing", "{{ labels.team }}"],
    ["only blanks", " \n\u200b "],
    ["a prototype's property", "{{ labels.constructor }}"],
    ["a loop without end", "{% for i in (1..100000000) %}x{% endfor %}"],
    ["a text that doubles", `{% assign a = "xxxxxxxxxx" %}${"{% assign a = a | append: a %}".repeat(40)}{{ a }}`],
  ])("with %s falls back to the default", (_, text) => {
    expect(render(text)).toBeUndefined();
  });

  test.each([
    ["an open tag", "{{ labels.a"],
    ["a filter that does not exist", "{{ labels.a | shout }}"],
    ["a file to read", '{% render "package.json" %}'],
    ["a file to include", '{% include "package.json" %}'],
    ["a layout", '{% layout "package.json" %}'],
    ["a text that is too long", "x".repeat(10_001)],
    ["33 nested tags", "{% if labels.a %}".repeat(33) + "{% endif %}".repeat(33)],
  ])("with %s is refused in one line", (_, text) => {
    expect(() => compileTemplate(text)).toThrow(/^[^\n]+$/);
  });

  test("renders details at any depth, and leaves out those that fail", () => {
    const { customDetails } = parseTemplate({
      custom_details: { a: { b: ["{{ labels.instance }}", "{{ labels.team }}"] }, n: 5, gone: "{{ labels.team }}" },
    });
    expect(customDetails(eventContext())).toEqual({ a: { b: ["db-1"] }, n: 5 });
  });

  test("is compiled again from its texts", () => {
    const texts = { summary: "{{ alert_name }}", custom_details: { a: "{{ severity }}" } };
    const again = parseTemplate(parseTemplate(texts).texts);
    expect(again.texts).toEqual(texts);
    expect(again.fields.summary!(eventContext())).toBe("DiskFull");
    expect(again.customDetails(eventContext())).toEqual({ a: "critical" });
  });

  test("that an earlier version accepted and this one refuses leaves its field at the default", () => {
    const texts = {
      summary: "{{ .Labels.x }}",
      class: "{{ alert_name }}",
      custom_details: { a: "{{ a | where_exp: 1 }}" },
    };
    const { fields, customDetails, texts: kept } = parseTemplate(texts);
    expect(Object.keys(fields)).toEqual(["class"]);
    expect(customDetails(eventContext())).toEqual({});
    expect(kept).toEqual(texts);
  });

  test("for an unknown field is refused", () => {
    expect(templateSchema.safeParse({ title: "x" }).success).toBe(false);
    expect(templateSchema.safeParse({ custom_details: { a: ["{{"] } }).error!.issues[0]!.path).toEqual([
      "custom_details",
    ]);
  });
});

const costly = "{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}";

const details = (count: number) => ({
  custom_details: { fixed: Array(500).fill("x"), all: Array(count).fill("{{ alert_name }}") },
});

describe("the templates of one event", () => {
  test("share one budget, after which the remaining fields keep their defaults", () => {
    const { fields, customDetails } = parseTemplate({
      source: "{{ alert_name }}",
      summary: costly,
      class: "{{ alert_name }}",
      custom_details: { a: "{{ alert_name }}", b: "fixed" },
    });
    const context = eventContext();
    expect(fields.source!(context)).toBe("DiskFull");
    expect(fields.summary!(context)).toBeUndefined();
    expect(fields.class!(context)).toBeUndefined();
    expect(customDetails(context)).toEqual({ b: "fixed" });
    expect(fields.class!(eventContext())).toBe("DiskFull");
  });

  test("render to the same text each time", () => {
    const counting = compileTemplate(`{% increment n %}{% for i in (1..4000) %}{{ i }}{% endfor %}`);
    const once = counting(eventContext());
    expect(once).toMatch(/^0123/);
    expect(counting(eventContext())).toBe(once);
  });

  test("are at most 100 in the details", () => {
    expect(templateSchema.safeParse(details(100)).success).toBe(true);
    const { error } = templateSchema.safeParse(details(101));
    expect(error!.issues[0]).toMatchObject({
      path: ["custom_details"],
      message: "contains 101 templates; at most 100 are allowed",
    });
  });

  test("have at most 20,000 characters in the details", () => {
    const long = { a: "{{ alert_name }}".padEnd(9_000), b: "{{ alert_name }}".padEnd(9_000) };
    expect(templateSchema.safeParse({ custom_details: { ...long, fixed: "x".repeat(9_000) } }).success).toBe(true);
    const { error } = templateSchema.safeParse({ custom_details: { ...long, c: "{{ alert_name }}".padEnd(9_000) } });
    expect(error!.issues[0]!.message).toBe("contains templates of 27000 characters; at most 20000 are allowed");
  });
});
