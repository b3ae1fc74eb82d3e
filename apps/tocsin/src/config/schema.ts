import { duration, secretInput } from "@tocsin/core";
import { parseConnectionUrl, deliverySettings } from "@tocsin/engine";
import { z } from "zod";
import { callbackSettings } from "../callbacks/callback-settings.ts";
import { canarySettings } from "../canary/canary-settings.ts";
import { changeSettings } from "../changes/change-settings.ts";
import { classificationSettings } from "../classification/classification-settings.ts";
import { discoverySettings } from "../targets/discovery/discovery-settings.ts";
import { sourceSettings } from "../ingest/readers/source-settings.ts";
import { outgoingHeartbeat } from "../heartbeats/outgoing-settings.ts";
import { selfAlertSettings } from "../own-alerts/self-alert-settings.ts";
import { basePath } from "./base-path.ts";
import { address, isLoopbackListener } from "./address.ts";
import { network } from "./network.ts";
import { hostNameOf } from "./host-name.ts";

export const roles = ["ingest", "read", "operate"] as const;
export type Role = (typeof roles)[number];

const server = z
  .strictObject({
    listen: address().prefault("127.0.0.1:9877").describe("Address of the HTTP API. Beyond loopback it needs tokens."),
    auth: z
      .strictObject({
        tokens: z
          .array(
            z.strictObject({
              name: z
                .string()
                .min(1)
                .max(100)
                .describe("Name of the token; alerts that are sent with it have this source."),
              token: secretInput.describe(
                "The bearer token. Senders of alerts may also send it as the password of basic authentication, with any user name.",
              ),
              roles: z
                .array(z.enum(roles))
                .min(1, { error: "expected at least one role" })
                .describe(
                  "`ingest` sends alerts; `read` sees incidents and metrics; `operate` changes incidents and dead letters, tests targets, reloads and backs up.",
                ),
            }),
          )
          .default([])
          .describe("Bearer tokens. If there is at least one, every request except the probes needs one."),
        clients: z
          .array(
            z.strictObject({
              name: z
                .string()
                .min(1)
                .max(100)
                .describe("Name of the client; alerts that are sent with its certificate have this source."),
              san: z
                .string()
                .min(1)
                .max(2_048)
                .describe(
                  "A subject alternative name of the certificate, exactly: a DNS name, a URI such as `spiffe://cluster.local/ns/monitoring/sa/alertmanager`, an IP address or an e-mail address.",
                ),
              roles: z
                .array(z.enum(roles))
                .min(1, { error: "expected at least one role" })
                .describe("The same roles as for tokens."),
            }),
          )
          .default([])
          .describe(
            "Clients with a certificate of `server.tls.clientCa`. If there is at least one, every request except the probes needs such a certificate or a token. A token that is sent counts instead of the certificate.",
          ),
        disabled: z.boolean().default(false).describe("Allows every request without a token, also beyond loopback."),
      })
      .prefault({}),
    basePath: basePath()
      .optional()
      .describe(
        "Path below which a proxy publishes this service, such as `/tocsin`. All paths answer with and without it, except probes and `/metrics`, which answer only without it. `publicUrl` must contain the published path.",
      ),
    tls: z
      .strictObject({
        cert: secretInput.describe(
          "Certificate of this service as PEM, followed by its intermediates. If it is set, the API accepts HTTPS only.",
        ),
        key: secretInput.describe("Private key of the certificate as PEM, without a passphrase."),
        clientCa: secretInput
          .optional()
          .describe(
            "Authorities of client certificates as PEM. Clients are asked for a certificate. One that is not valid is refused; without one, a token is needed.",
          ),
        minVersion: z.enum(["1.2", "1.3"]).default("1.2").describe("Lowest version of TLS that is accepted."),
      })
      .optional(),
    probes: z
      .strictObject({
        listen: address()
          .optional()
          .describe(
            "Address of a second listener, such as `0.0.0.0:9879`. It answers only probes, in plain HTTP and without tokens: for machines that cannot use the API's TLS.",
          ),
      })
      .prefault({}),
    maxBodyBytes: z
      .int()
      .min(1_024)
      .max(1 << 30)
      .default(20_971_520)
      .describe("Size of the largest request body; a larger one is answered 413."),
    allowedHosts: z
      .array(
        z.string().refine((name) => hostNameOf(name) === name.toLowerCase().replace(/\.$/, ""), {
          error: 'expected a host name without scheme and port, such as "tocsin.internal"',
        }),
      )
      .default([])
      .describe(
        "Further host names that requests may name. A loopback listener without tokens accepts requests for loopback names, addresses, the host of `publicUrl` and these names, and answers all others 421. This protects it from web pages of other sites (DNS rebinding). Probes are always answered.",
      ),
    trustedProxies: z
      .array(network())
      .prefault([])
      .describe(
        "Proxies in front of this service, as CIDRs or addresses. Behind them, the sender of direct alerts is the last address in `X-Forwarded-For` that is not in this list. The header is ignored if the peer itself is not in it.",
      ),
    publicUrl: z
      .url({ protocol: /^https?$/, error: 'expected a URL such as "https://tocsin.example.com"' })
      .transform((url) => url.replace(/\/+$/, ""))
      .optional()
      .describe("URL at which people reach this service; events link to it."),
  })
  .prefault({})
  .superRefine(({ listen, auth: { tokens, clients, disabled }, tls }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (disabled && tokens.length > 0) refuse(["auth", "disabled"], "must not be true if there are tokens");
    else if (disabled && clients.length > 0) refuse(["auth", "disabled"], "must not be true if there are clients");
    if (clients.length > 0 && tls?.clientCa === undefined)
      refuse(["auth", "clients"], "needs `server.tls.clientCa`, which checks the certificates of clients");
    const isProtected = tokens.length + clients.length > 0;
    if (tls?.clientCa !== undefined && !isProtected)
      refuse(["tls", "clientCa"], "needs `server.auth.clients`, which says what each client may do");
    if (isLoopbackListener(listen.host) || disabled || isProtected) return;
    refuse(["listen"], "listening beyond loopback needs `server.auth.tokens` (or `server.auth.disabled: true`)");
  });

export const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

const expectedUrl = 'expected a URL such as "sqlite:./data/tocsin.db" or "postgres://tocsin@db.example.com/tocsin"';

/** Describes a wrong address in words that quote nothing of it. */
function wrongAddress(url: string): string | undefined {
  try {
    parseConnectionUrl(url);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const ledger = z
  .strictObject({
    url: z
      .string()
      .superRefine((url, context) => {
        const message = isPostgres(url) ? wrongAddress(url) : /^sqlite:./.test(url) ? undefined : expectedUrl;
        if (message !== undefined) context.addIssue({ code: "custom", message });
      })
      .default("sqlite:./data/tocsin.db")
      .describe(
        "Place of alerts and incidents: a SQLite file, not on a network file system; or `postgres://USER@HOST/DATABASE`, shared by all replicas. `?sslmode=` is `disable`, `require`, `verify-ca` or `verify-full` (the default beyond loopback), `?schema=` names the schema of the tables.",
      ),
    password: secretInput.optional().describe("PostgreSQL: the user's password, so that the URL does not need it."),
    tls: z
      .strictObject({
        ca: secretInput
          .optional()
          .describe("PostgreSQL: certificate of the authority to trust, as PEM. Default: the system's."),
      })
      .prefault({}),
    encryptionKey: z
      .union([secretInput, z.array(secretInput).min(1)], { error: "expected a secret or a list of them" })
      .optional()
      .describe(
        "32 bytes in base64, or a list: the first encrypts, all decrypt. Protects the credentials of targets with open incidents. PostgreSQL needs one, the same for all replicas. SQLite: by default a key made once beside the file, `<file>.key`.",
      ),
    retention: duration().prefault("30d").describe("Closed incidents and dead letters are kept for this long."),
  })
  .prefault({})
  .superRefine(({ url, encryptionKey, password, tls }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (isPostgres(url)) {
      if (encryptionKey === undefined)
        refuse(["encryptionKey"], "is needed with PostgreSQL: 32 bytes in base64, the same for all replicas");
      return;
    }
    if (password !== undefined) refuse(["password"], "applies to PostgreSQL only");
    if (tls.ca !== undefined) refuse(["tls", "ca"], "applies to PostgreSQL only");
  });

const telemetry = z
  .strictObject({
    logs: z
      .strictObject({
        level: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
        format: z.enum(["json", "pretty"]).default("json").describe("`pretty` is for reading at a terminal."),
      })
      .prefault({}),
    traces: z
      .strictObject({
        otlp: secretInput.describe(
          "Base URL of an OpenTelemetry collector that accepts OTLP over HTTP as JSON, such as `http://localhost:4318`; `/v1/traces` is added. A user and password in it are sent as basic authentication.",
        ),
        sample: z
          .number()
          .min(0)
          .max(1)
          .default(1)
          .describe(
            "Share of the traces that are exported, 0 to 1. A request with a `traceparent` keeps its sender's decision.",
          ),
      })
      .optional()
      .describe(
        "Exports a trace of each alert from its request to each attempt: see [Tracing](tracing.md). Default: off.",
      ),
    heartbeat: outgoingHeartbeat
      .optional()
      .describe("Pings a URL of a dead man's switch while this process works: see [Heartbeats](heartbeats.md)."),
  })
  .prefault({});

/** The schema of `tocsin.yaml`. Validation, types, defaults, JSON Schema and the page in docs/ are all derived from it. */
export const configSchema = z.strictObject({
  server,
  ledger,
  targets: z.array(z.unknown()).optional().describe("The targets: see below."),
  discovery: discoverySettings,
  sources: sourceSettings,
  delivery: deliverySettings,
  classification: classificationSettings,
  changes: changeSettings,
  telemetry,
  selfAlerts: selfAlertSettings.optional().describe("Alerts about Tocsin itself: see [Self-alerts](self-alerts.md)."),
  callbacks: callbackSettings.describe(
    "Receivers that report what happens to incidents there: see [Callbacks](callbacks.md).",
  ),
  canary: canarySettings
    .optional()
    .describe("Checks at intervals that pages arrive, with a test incident: see [Canary](canary.md). Default: off."),
});

export type ConfigOutput = z.output<typeof configSchema>;
