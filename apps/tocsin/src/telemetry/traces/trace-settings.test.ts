import type { Issue } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { tracesIn } from "./trace-settings.ts";

function read(otlp: string) {
  const issues: Issue[] = [];
  const settings = tracesIn({ otlp, sample: 1 }, { issues, value: String });
  return { url: settings?.url.reveal(), settings, issues: issues.map(({ message }) => message) };
}

describe("the URL of a collector", () => {
  test.each([
    ["http://localhost:4318", "http://localhost:4318/v1/traces"],
    ["http://localhost:4318/", "http://localhost:4318/v1/traces"],
    [" http://localhost:4318\n", "http://localhost:4318/v1/traces"],
    ["https://otlp.example.com/otlp/", "https://otlp.example.com/otlp/v1/traces"],
    ["http://localhost:4318/v1/traces", "http://localhost:4318/v1/traces"],
    ["http://me:secret@localhost:4318", "http://localhost:4318/v1/traces"],
  ])("%s is completed", (text, url) => {
    expect(read(text)).toMatchObject({ url, issues: [] });
  });

  test.each([
    ["localhost:4318", /expected a URL/],
    ["ftp://SECRET", /expected a URL/],
    ["http://host/?token=SECRET", /query or a fragment/],
    ["http://%E0%A4%A@SECRET", /URL-encoded/],
  ])("%s is refused without quoting it", (text, message) => {
    const { issues } = read(text);
    expect(issues).toEqual([expect.stringMatching(message)]);
    expect(issues.join("")).not.toContain("SECRET");
  });

  test("has secrets that no log line may hold", () => {
    const { settings } = read("https://me:pass%20word@host/a-long-part-of-a-path/x");
    const basic = Buffer.from("me:pass word").toString("base64");
    expect(settings?.authorization?.reveal()).toBe(`Basic ${basic}`);
    expect(settings?.secrets.toSorted()).toEqual(
      [basic, "pass word", "pass%20word", "a-long-part-of-a-path"].toSorted(),
    );
  });

  test("is not needed", () => {
    expect(tracesIn(undefined, { issues: [], value: String })).toBeUndefined();
  });
});
