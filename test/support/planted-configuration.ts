import { plantedSecrets, plantedTls } from "./planted-secrets.ts";
import type { Receiver } from "./receiver.ts";

export const bearer = { authorization: `Bearer ${plantedSecrets.token}` };

/** The targets at one receiver: one of each type, each with planted secrets. */
export const targetsAt = ({ url }: Receiver, index: number) => [
  {
    name: `target-${index}`,
    type: "pagerduty",
    url,
    routing_key: `${plantedSecrets.key}${index + 10}`,
    rest_token: plantedSecrets.restToken,
  },
  {
    name: `hook-${index}`,
    type: "webhook",
    url: `${url}/${plantedSecrets.path}?sig=${plantedSecrets.query}`,
    signing_secret: [`whsec_${plantedSecrets.signing}`, `whsec_${plantedSecrets.formerSigning}`],
    headers: { Authorization: `Bearer ${plantedSecrets.bearer}`, Cookie: `session=${plantedSecrets.cookie}` },
    send_traceparent: true,
  },
  {
    name: `slack-${index}`,
    type: "slack",
    webhook_url: `${url}/services/T0001/B0001/${plantedSecrets.slackHook}${index}`,
  },
  { name: `bot-${index}`, type: "slack", url, bot_token: `${plantedSecrets.slackBot}-${index}`, channel: "C0001" },
  {
    name: `rootly-${index}`,
    type: "rootly",
    url,
    api_key: `${plantedSecrets.rootly}-${index}`,
    headers: { "X-Proxy": plantedSecrets.rootlyHeader },
    notification_targets: [{ type: "Service", id: "service-1" }],
  },
  {
    name: `alertmanager-${index}`,
    type: "alertmanager",
    url: `${url}/${plantedSecrets.alertmanagerPath}`,
    headers: {
      Authorization: `Bearer ${plantedSecrets.alertmanagerBearer}`,
      "X-Scope-OrgID": plantedSecrets.alertmanagerTenant,
    },
  },
];

const basic = Buffer.from(`user:${plantedSecrets.basic}`).toString("base64");

/** Targets that need one more way to have a secret, at a receiver. */
export const moreTargets = (url: string): readonly ({ readonly name: string } & Record<string, unknown>)[] => [
  {
    name: "by-header",
    type: "pagerduty",
    url,
    headers: { Authorization: `Bearer ${plantedSecrets.otherKey}`, "X-Proxy": plantedSecrets.header },
  },
  { name: "by-variable", type: "pagerduty", url, routing_key: { env: "PLANTED_KEY" } },
  { name: "by-file", type: "pagerduty", url, routing_key: { file: "key.txt" }, rest_token: { file: "rest.txt" } },
  { name: "fallback", type: "pagerduty", url, routing_key: plantedSecrets.keyOfFallback },
  { name: "shadow", type: "pagerduty", mode: "shadow", url, routing_key: plantedSecrets.keyOfShadow },
  { name: "disabled", type: "pagerduty", enabled: false, url, routing_key: plantedSecrets.keyOfDisabled },
  { name: "by-basic", type: "webhook", url, headers: { Authorization: `Basic ${basic}` } },
  { name: "removed", type: "webhook", url: `${url}/${plantedSecrets.formerPath}` },
  { name: "by-tls", type: "webhook", url: "https://127.0.0.1:9", tls: plantedTls.target, fallback: "fallback" },
  { name: "bot-by-file", type: "slack", url, bot_token: { file: "bot.txt" }, channel: "C0001" },
  {
    name: "slack-by-proxy",
    type: "slack",
    webhook_url: `${url}/services/T0001/B0001/${plantedSecrets.slackHook}x`,
    headers: { "X-Proxy": plantedSecrets.slackHeader },
  },
  {
    name: "rootly-by-variable",
    type: "rootly",
    url,
    api_key: { env: "PLANTED_API_KEY" },
    notification_targets: [{ type: "Service", id: "s" }],
  },
  { name: "by-proxy", type: "webhook", url: "http://receiver.invalid/hook", allow_insecure: true },
  { name: "by-secure-proxy", type: "webhook", url: "https://receiver.invalid/hook" },
];

const invalidTargets = [
  { name: "wrong-hook", type: "webhook", url: "http://169.254.169.254", signing_secret: [plantedSecrets.wrongSigning] },
  { name: "wrong-key", type: "pagerduty", url: "http://127.0.0.1", routing_key: plantedSecrets.wrongKey },
  { name: "wrong-name", type: "pagerduty", url: "http://127.0.0.1", routing_kee: plantedSecrets.unknownField },
  {
    name: "wrong-url",
    type: "pagerduty",
    url: `https://user:${plantedSecrets.urlPassword}@:0/${plantedSecrets.urlPath}`,
  },
  {
    name: "user-in-url",
    type: "webhook",
    url: `https://user:${plantedSecrets.urlPassword}@host/${plantedSecrets.urlPath}`,
  },
  {
    name: "wrong-type",
    type: "pagerduty",
    headers: plantedSecrets.wrongHeaders,
    routing_key: [plantedSecrets.keyInList],
  },
  plantedSecrets.bareText,
];

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Services that Tocsin calls besides targets. Each repeats the whole request, and fails. */
export interface Others {
  readonly alertmanager: string;
  readonly collector: string;
  readonly heartbeat: string;
  readonly kubernetes: string;
}

/** A configuration in which every target has a planted secret, or is invalid and contains one. */
export const configFor = (
  receivers: readonly Receiver[],
  others?: Others,
): Record<string, unknown> & { readonly targets: readonly unknown[] } => ({
  server: {
    auth: {
      tokens: [
        { name: "operator", token: plantedSecrets.token, roles: ["ingest", "read", "operate"] },
        { name: "signed", token: plantedSecrets.tokenOfSender, roles: ["ingest"] },
        { name: "signed-by-file", token: `${plantedSecrets.tokenOfSender}-by-file`, roles: ["ingest"] },
        { name: "signed-by-variable", token: `${plantedSecrets.tokenOfSender}-by-variable`, roles: ["ingest"] },
        { name: "reader", token: plantedSecrets.tokenOfReader, roles: ["read"] },
      ],
    },
  },
  ledger: { encryptionKey: [base64(plantedSecrets.encryption), base64(plantedSecrets.formerEncryption)] },
  telemetry: {
    logs: { level: "trace" },
    ...(others && {
      traces: { otlp: `${withPassword(others.collector, plantedSecrets.otlpPassword)}/${plantedSecrets.otlpPath}` },
      heartbeat: {
        url: `${others.heartbeat}/${plantedSecrets.heartbeatPath}?${plantedSecrets.heartbeatQuery}`,
        every: "1s",
      },
    }),
  },
  ...(others && {
    sources: [
      {
        name: "read",
        alertmanager: {
          urls: [
            withPassword(others.alertmanager, plantedSecrets.readerPassword),
            withPassword(others.alertmanager, plantedSecrets.otherReaderPassword),
          ],
          every: "1s",
          headers: { "X-Scope-OrgID": plantedSecrets.readerHeader },
        },
      },
      {
        name: "read-by-tls",
        alertmanager: {
          urls: ["https://127.0.0.1:9"],
          every: "1s",
          headers: { Authorization: `Bearer ${plantedSecrets.readerAuthorization}` },
          tls: plantedTls.reader,
        },
      },
      { name: "signed", hmac: { secret: plantedSecrets.hmac } },
      { name: "signed-by-file", hmac: { secret: { file: "hmac.txt" } } },
      { name: "signed-by-variable", hmac: { secret: { env: "PLANTED_HMAC" } } },
    ],
    changes: {
      sources: [
        { name: "hub", type: "github", secrets: [plantedSecrets.changeSource] },
        { name: "cd", type: "argocd", secrets: [plantedSecrets.wrongToken, plantedSecrets.changeSource] },
        {
          name: "lab",
          type: "gitlab",
          secrets: [`whsec_${Buffer.from(plantedSecrets.changeSigning).toString("base64")}`],
        },
      ],
    },
    callbacks: [
      {
        name: "pd",
        type: "pagerduty",
        secrets: [plantedSecrets.wrongToken, plantedSecrets.callback],
        targets: ["target-0"],
      },
      { name: "chat", type: "slack", secrets: [plantedSecrets.callbackOfSlack], targets: ["bot-0"] },
    ],
    classification: {
      provider: "llm",
      apply: "shadow",
      llm: { api: "openai", baseUrl: `${receivers[0]?.url}/v1`, model: "m", apiKey: plantedSecrets.modelKey },
    },
    discovery: {
      files: ["targets.d"],
      kubernetes: { enabled: true, namespaces: ["default"], kubeconfig: "kubeconfig" },
    },
  }),
  delivery: { retry: { initial: "100ms", max: "200ms" } },
  targets: [
    ...[...receivers.flatMap(targetsAt), ...(others ? moreTargets(receivers[0]?.url ?? "") : [])].map((target) => ({
      ...target,
      timeout: "2s",
    })),
    ...invalidTargets,
  ],
});

const withPassword = (url: string, password: string): string => url.replace("//", `//user:${password}@`);
