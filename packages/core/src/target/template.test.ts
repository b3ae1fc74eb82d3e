import { describe, expect, test } from "vitest";
import type { Alert } from "../model/alert.ts";
import { compileTemplate, parseTemplate, templateSchema } from "./template.ts";

const alert: Alert = {
  fingerprint: "0011223344556677",
  labels: { alertname: "DiskFull", instance: "db-1", severity: "critical" },
  annotations: { summary: "Disk is full" },
  startsAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  generatorURL: "http://prometheus/graph",
};
const context = { alert, severity: "critical", metadata: { environment: "production" } } as const;
const render = (text: string) => compileTemplate(text)(context);

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
    ["nothing but blanks", " \n\u200b "],
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
    ["an endless text", "x".repeat(10_001)],
  ])("with %s is refused in one line", (_, text) => {
    expect(() => compileTemplate(text)).toThrow(/^[^\n]+$/);
  });

  test("renders details at any depth, leaving out what fails", () => {
    const { customDetails } = parseTemplate({
      custom_details: { a: { b: ["{{ labels.instance }}", "{{ labels.team }}"] }, n: 5, gone: "{{ labels.team }}" },
    });
    expect(customDetails(context)).toEqual({ a: { b: ["db-1"] }, n: 5 });
  });

  test("is made again from what it was written as", () => {
    const texts = { summary: "{{ alert_name }}", custom_details: { a: "{{ severity }}" } };
    const again = parseTemplate(parseTemplate(texts).texts);
    expect(again.texts).toEqual(texts);
    expect(again.fields.summary!(context)).toBe("DiskFull");
    expect(again.customDetails(context)).toEqual({ a: "critical" });
  });

  test("of a field that does not exist is refused", () => {
    expect(templateSchema.safeParse({ title: "x" }).success).toBe(false);
    expect(templateSchema.safeParse({ custom_details: { a: ["{{"] } }).error!.issues[0]!.path).toEqual([
      "custom_details",
    ]);
  });
});
