import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { redactAlert } from "./redact-alert.ts";
import { redactText } from "./redact-text.ts";

const redact = (text: string) => redactText(text, { keepIp: false });

let drawn = 0;

/** Bytes that are the same in every run. */
const randomBytes = (count: number): Buffer => {
  const chunks: Buffer[] = [];
  while (chunks.length * 32 < count) chunks.push(createHash("sha256").update(`secret ${drawn++}`).digest());
  return Buffer.concat(chunks).subarray(0, count);
};

const base62 = (length: number): string =>
  randomBytes(length * 4)
    .toString("base64")
    .replace(/[^A-Za-z\d]/g, "")
    .slice(0, length);

const upper = (length: number): string =>
  base62(length * 4)
    .replace(/[^A-Z\d]/g, "")
    .slice(0, length);

describe("a text without secrets", () => {
  test.each([
    "checkout-7d9f8b6c5d-x2x9k",
    "kube-prometheus-stack-kube-state-metrics-6b8c9d7f4-zx2lq",
    "ip-10-0-12-34.eu-west-1.compute.internal",
    "gke-prod-pool-1-3f2b9c1d-k7x2",
    "registry.example.com/team/app:1.2.3",
    `registry.example.com/team/app:1.2.3@sha256:${"0123456789abcdef".repeat(4)}`,
    "0b7c6a1e-5d2f-4c3b-9a8e-7f6d5c4b3a21",
    "KubePersistentVolumeFillingUp",
    "PrometheusRemoteWriteDesiredShards",
    "payments.svc.cluster.local:8443",
    "/var/lib/kubelet/pods",
    "https://grafana.example.com/d/node-exporter/overview?from=now-1h&to=now",
    "Pod shop/web-0 is restarting 5 times / 10 minutes: basic authentication is off",
    "2026-11-30T22:00:00.000Z",
    "12:34:56",
    "v1.29.4+k3s1",
  ])("stays as it is: %s", (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe("a secret does not stay", () => {
  test.each<[string, () => string]>([
    ["an AWS key", () => `AKIA${upper(16)}`],
    ["a GitHub token", () => `ghp_${base62(36)}`],
    ["a Slack token", () => `xoxb-1234567890-${base62(24)}`],
    ["a JWT", () => `eyJhbGciOiJIUzI1NiJ9.${base62(40)}.${base62(43)}`],
    ["a Stripe key", () => `sk_live_${base62(24)}`],
    ["base64 of 32 bytes", () => randomBytes(32).toString("base64")],
    ["base64url of 32 bytes", () => randomBytes(32).toString("base64url")],
    ["hex of 16 bytes", () => randomBytes(16).toString("hex")],
    ["hex of 32 bytes", () => randomBytes(32).toString("hex")],
    ["a random word of 32 characters", () => base62(32)],
  ])("%s", (_name, make) => {
    for (let i = 0; i < 50; i++) {
      const secret = make();
      for (const text of [secret, `the key ${secret} leaked`, `https://x.example/?q=${secret}&b=1`])
        expect(redact(text)).not.toContain(secret);
    }
  });

  test.each([
    ["password=hunter2x", "hunter2x"],
    ['{"apiKey": "swordfish"}', "swordfish"],
    ["postgres://app:s3cr3t@db.example/x", "s3cr3t"],
    ["Authorization: Bearer abc123def", "abc123def"],
    ["mail to ada.lovelace@example.com", "ada.lovelace"],
    ["from 203.0.113.7:443", "203.0.113.7"],
    ["from 2001:db8::1", "2001:db8::1"],
    ["-----BEGIN RSA PRIVATE KEY-----\nshort\n", "short"],
  ])("in %s", (text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  test("under a name of the deny-list, or one that says secret", () => {
    const { labels, annotations } = redactAlert(
      { labels: { customer: "Ada Lovelace", db_password: "plain", pod: "web-0" }, annotations: { customer: "x" } },
      { denyLabels: ["customer"], keep: [] },
    );
    expect({ labels, annotations }).toEqual({
      labels: { customer: "[redacted]", db_password: "[redacted]", pod: "web-0" },
      annotations: { customer: "[redacted]" },
    });
  });
});

test("IP addresses stay if they are kept", () => {
  const { labels } = redactAlert(
    { labels: { instance: "10.0.0.7:9100" }, annotations: {} },
    { denyLabels: [], keep: ["ip"] },
  );
  expect(labels).toEqual({ instance: "10.0.0.7:9100" });
});

test.each([
  "a",
  "-",
  "a.",
  "a@",
  "://",
  ":",
  "1.",
  "-----BEGIN ",
  "eyJ",
  "token",
  "token=",
  "aA0",
  "password ",
  "a-",
  "f:",
])("100 kB of %j take linear time", (unit) => {
  const before = process.cpuUsage();
  redact(unit.repeat(100_000 / unit.length));
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(400);
});
