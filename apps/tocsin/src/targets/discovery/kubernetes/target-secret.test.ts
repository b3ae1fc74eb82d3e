import { describe, expect, test } from "vitest";
import { resolveTargets } from "../../resolve-targets.ts";
import { targetOfSecret } from "./target-secret.ts";

const key = "R0UT1NGKEY0123456789abcdefABCDEF";
const target = { name: "pager", type: "pagerduty", url: "https://events.pagerduty.com" };

const secret = (values: Record<string, string>) => ({
  metadata: { name: "some-secret", namespace: "shop", resourceVersion: "1" },
  data: Object.fromEntries(
    Object.entries(values).map(([entry, value]) => [entry, Buffer.from(value).toString("base64")]),
  ),
});
const read = (values: Record<string, string>) => {
  const written = targetOfSecret(secret(values));
  return resolveTargets([{ source: "kubernetes", targets: [written], readSecret: (input) => input as string }])[0]!;
};

describe("a Secret", () => {
  test("holds a target in target.json", () => {
    const entry = read({ "target.json": JSON.stringify({ ...target, routing_key: key }) });
    expect(entry).toMatchObject({ name: "shop/pager", place: "shop/some-secret", errors: [], warnings: [] });
    expect(entry.target?.credential?.reveal()).toBe(key);
  });

  test("may hold the key in an entry of its own, with the newline that echo adds", () => {
    const entry = read({ "target.json": JSON.stringify(target), routing_key: `${key}\n` });
    expect([entry.errors, entry.target?.credential?.reveal()]).toEqual([[], key]);
  });

  test.each<[string, object, string]>([
    ["webhook_url", { type: "slack" }, "https://hooks.slack.com/services/T0001/B0001/abcdefghijkl"],
    ["bot_token", { type: "slack", channel: "#ops" }, "xoxb-1234567890"],
    ["api_key", { type: "rootly" }, "rootly_0123456789"],
  ])("may hold %s beside a target that needs it", (entry, written, credential) => {
    const { errors, target: read_ } = read({ "target.json": JSON.stringify(written), [entry]: `${credential}\n` });
    expect(errors).toEqual([]);
    expect(credential).toContain(read_!.credential!.reveal());
  });

  test("gives its name to a target without a name", () => {
    const { name: _, ...nameless } = target;
    expect(read({ "target.json": JSON.stringify(nameless), routing_key: key }).name).toBe("shop/some-secret");
  });

  test.each<[string, Record<string, string>, string]>([
    ["nothing", {}, "target.json: is required: this entry holds the target"],
    ["something else", { password: "x" }, "target.json: is required: this entry holds the target"],
    ["an empty target", { "target.json": "\n" }, "target.json: is empty"],
    [
      "text that is not JSON",
      { "target.json": `{"routing_key": ${key}}` },
      "target.json: is not valid JSON (line 1, column 17)",
    ],
    ["a list", { "target.json": "[]" }, ": expected an object with the keys of a target"],
    [
      "a target that was encoded twice",
      { "target.json": Buffer.from(JSON.stringify(target)).toString("base64") },
      "target.json: is base64 twice: values under stringData must not be encoded",
    ],
  ])("that holds %s is reported", (_, values, message) => {
    const { errors, name } = read(values);
    expect([name, ...errors.map((issue) => `${issue.path}: ${issue.message}`)]).toEqual(["shop/some-secret", message]);
  });

  test("without data is reported as one without a target", () => {
    expect(targetOfSecret({ metadata: { name: "a", namespace: "shop" } }).issues).toHaveLength(1);
  });
});

describe("older layouts are read with a warning:", () => {
  test.each(["config", "config.json"])("%s", (entry) => {
    const { errors, warnings, target: read_ } = read({ [entry]: JSON.stringify({ ...target, routing_key: key }) });
    expect([errors, warnings.map(({ path }) => path), read_?.credential?.reveal()]).toEqual([[], [entry], key]);
  });

  test("one entry per key", () => {
    const { errors, warnings, ...entry } = read({
      name: "pager\n",
      type: "pagerduty",
      url: "https://events.pagerduty.com\n",
      enabled: "False",
      headers: `{"Authorization": "Bearer ${key}"}`,
      filter_config: '{"severity": ["critical"], "namespaces": ["production"]}',
      timeout: "5s",
    });
    expect([errors, warnings.length, entry.name]).toEqual([[], 1, "shop/pager"]);
    expect(entry.target).toMatchObject({ enabled: false, timeoutMs: 5_000 });
    expect(entry.target?.filters).toHaveLength(2);
    expect(entry.target?.credential?.reveal()).toBe(key);
  });

  test("one entry per key: digits stay a text, and a wrong boolean is an error, never true", () => {
    const digits = "01234567890123456789012345678901";
    expect(read({ type: "pagerduty", url: target.url, routing_key: digits }).target?.credential?.reveal()).toBe(digits);
    expect(read({ type: "pagerduty", url: target.url, routing_key: key, enabled: "no" }).errors).toMatchObject([
      { path: "enabled" },
    ]);
  });

  test("beside target.json they are ignored with a warning", () => {
    const { errors, warnings } = read({ "target.json": JSON.stringify(target), config: "{}", routing_key: key });
    expect([errors, warnings]).toEqual([
      [],
      [{ path: "config", message: "is ignored, because the Secret has target.json" }],
    ]);
  });
});
