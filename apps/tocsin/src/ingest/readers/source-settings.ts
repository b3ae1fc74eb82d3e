import { duration, secretInput } from "@tocsin/core";
import { z } from "zod";
import { expectationSettings } from "../../heartbeats/expectation-settings.ts";

const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, "is not a valid header name");

const tls = z
  .strictObject({
    ca: secretInput.optional().describe("Certificate of the authority to trust, as PEM. Default: the well-known ones."),
    cert: secretInput.optional().describe("Client certificate, as PEM, for mutual TLS. Needs `key`."),
    key: secretInput.optional().describe("Private key of the client certificate, as PEM."),
    serverName: z
      .string()
      .regex(/^[\w.:-]{1,253}$/, 'expected a host name or an address, such as "alertmanager.example.com"')
      .optional()
      .describe("Name that the certificate of each instance must have; by default the host of its URL."),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: "`cert` and `key` need each other",
  });

const hmac = z
  .strictObject({
    secret: secretInput.describe("The secret that the sender signs with."),
    header: headerName
      .default("X-Grafana-Alerting-Signature")
      .describe("Header with the signature: the HMAC-SHA256 of the body, in hex."),
    timestampHeader: headerName
      .optional()
      .describe(
        "Header with the time of the signature in Unix seconds, if the sender sends one. It is then part of the signed text, and may differ by 5 minutes from the clock of this machine.",
      ),
  })
  .superRefine(({ header, timestampHeader }, context) => {
    if (header.toLowerCase() !== timestampHeader?.toLowerCase()) return;
    context.addIssue({ code: "custom", path: ["timestampHeader"], message: "must not be the same as `header`" });
  });

const alertmanager = z.strictObject({
  urls: z
    .array(secretInput)
    .min(1, "expected at least one URL")
    .max(32, "must not be more than 32")
    .describe(
      'Every instance of the Alertmanager cluster, such as `["http://am-0:9093", "http://am-1:9093"]`; not the address of a load balancer. A user and password in a URL are sent as basic authentication.',
    ),
  every: duration()
    .prefault("1m")
    .refine((ms) => ms >= 1_000 && ms <= 300_000, { error: "must be between 1s and 5m" })
    .describe("Interval at which the instances are polled."),
  headers: z
    .record(headerName, secretInput)
    .default({})
    .describe("Headers of every request, such as `Authorization`. Their values are secrets."),
  tls: tls.optional().describe("For URLs with https."),
});

const source = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .describe(
      "Name of the source: the name of the token or client that its requests are sent with, else `?source=` in their URL.",
    ),
  alertmanager: alertmanager
    .optional()
    .describe(
      "Reads this Alertmanager's API, to end alerts whose resolve it never sends: see [Alertmanager](alertmanager.md).",
    ),
  expect: expectationSettings
    .optional()
    .describe(
      "Alerts when this source is silent, such as an always-firing Watchdog that stops: see [Heartbeats](heartbeats.md).",
    ),
  hmac: hmac
    .optional()
    .describe("Demands a signature of every request of this source; requests without a valid one are answered 401."),
});

/** The list `sources` of the configuration. */
export const sourceSettings = z
  .array(source)
  .default([])
  .superRefine((sources, context) => {
    for (const [index, { name }] of sources.entries())
      if (sources.findIndex((other) => other.name === name) < index)
        context.addIssue({ code: "custom", path: [index, "name"], message: "must not be the same as an earlier one" });
  });

export type SourceSettings = z.output<typeof sourceSettings>;
