import { describe, expect, test } from "vitest";
import { redactAlert } from "./redact-alert.ts";

const redacted = (value: string, keep: readonly "ip"[] = []): string =>
  redactAlert({ labels: { note: value }, annotations: {} }, { denyLabels: [], keep }).labels["note"]!;

describe("redaction removes", () => {
  test.each([
    ["mail cto@example.com now", "mail [email] now"],
    ["from 10.0.12.7:9090 and 2001:db8::1", "from [ip]:9090 and [ip]"],
    ["https://admin:hunter2@host.example/a/b?token=1#x", "https://host.example/a/b"],
    ["postgres://app:s3cret@db.example:5432/shop", "postgres://db.example:5432/shop"],
    ["password=hunter2 next", "password=[secret] next"],
    ['{"api_key": "short"}', '{"api_key": [secret]}'],
    ["app:swordfish9@tcp(db.example.com:3306)/shop", "[secret]@tcp(db.example.com:3306)/shop"],
    ["as app:hunter22@db.example.com", "as [secret]@db.example.com"],
    ["psql --password hunter2 -h db", "psql --password [secret] -h db"],
    ["password%3Dhunter2", "password%3D[secret]"],
    ['{\\"password\\":\\"hunter2\\"}', '{\\"password\\":[secret]\\"}'],
    ["key R0ABCDEF0123456789ABCDEF01234567", "key [secret]"],
    ["Authorization: Bearer abc", "Authorization: [secret]"],
    ["curl -H 'Bearer abcdefgh12'", "curl -H 'Bearer [secret]'"],
    ["key AKIAIOSFODNN7ABCDEFG", "key [secret]"],
    ["key 0123456789abcdef0123456789abcdef", "key [secret]"],
    ["key 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", "key [secret]"],
    ["id=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", "id=[secret]"],
    ["-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- end", "[secret] end"],
    ["-----BEGIN RSA PRIVATE KEY-----\nabc", "[secret]"],
    [
      "https://hooks.slack.com/services/T0123/B0123/aBcDeFgHiJkLmNoPqRsT1234",
      "https://hooks.slack.com/services/T0123/B0123/[secret]",
    ],
  ])("%j: %j", (value, shown) => {
    expect(redacted(value)).toBe(shown);
  });

  test("the values of denied labels, and of those whose name says that they are secret", () => {
    const given = { Customer: "ACME", db_password: "x", alertname: "A" };
    expect(redactAlert({ labels: given, annotations: given }, { denyLabels: ["customer"], keep: [] })).toEqual({
      labels: { Customer: "[secret]", db_password: "[secret]", alertname: "A" },
      annotations: { Customer: "[secret]", db_password: "[secret]", alertname: "A" },
    });
  });

  test("secrets in names of labels", () => {
    const { labels } = redactAlert(
      { labels: { 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: "v" }, annotations: {} },
      { denyLabels: [], keep: [] },
    );
    expect(labels).toEqual({ "[secret]": "v" });
  });
});

describe("redaction keeps", () => {
  test.each([
    "registry.example.com/token-issuer:2026.02.7",
    "checkout-7d9f8b6c5d-x2x9k",
    "ip-10-0-12-7.eu-west-1.compute.internal",
    "registry.example.com/team/app:1.2.3@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "c9bf9e57-1685-4c89-bafb-ff5af830be8a",
    "KubePersistentVolumeFillingUp S3ReplicationBacklog HTTPRequestsTotal5xx",
    "prometheus-kube-prometheus-stack-prometheus-0",
    "since 2026-11-30T03:00:00.000Z at 12:30:45",
    "user-runtime-dir@1004.service",
    "arn:aws:sns:eu-west-1:123456789012:topic",
    "https://runbooks.example.com/db/replica-lag",
    "gke-prod-pool-1-4f2a9b1c-k3x9",
    "kube-prometheus-stack-kube-state-metrics-6b8c9d7f4-zx2lq",
    "payments.svc.cluster.local:8443",
    "/var/lib/kubelet/pods",
    "Pod shop/web-0 is restarting 5 times / 10 minutes: basic authentication is off",
    "v1.29.4+k3s1",
  ])("%s", (value) => {
    expect(redacted(value)).toBe(value);
  });

  test("addresses, if it is told to", () => {
    expect(redacted("from 10.0.12.7 and 2001:db8::1", ["ip"])).toBe("from 10.0.12.7 and 2001:db8::1");
  });
});
