import { type SelfSigned, selfSigned } from "../../packages/http/test/self-signed.ts";

/** A routing key of 32 alphanumerics. */
const routingKey = (word: string): string => `PLANTED${word}0123456789abcdefABCDEFGHIJ`.slice(0, 32);

/** Certificates with the private keys that are planted. */
export const plantedTls: Readonly<Record<"server" | "reader" | "target", SelfSigned>> = {
  server: selfSigned(),
  reader: selfSigned(),
  target: selfSigned(),
};

/** A line of a private key: a leak may have other line breaks. */
const lineOf = (pem: string): string => pem.split("\n")[2] ?? "";

/**
 * All secrets in the configuration of a service; none of them may appear anywhere. A new kind of secret is one more line here, and its
 * use in `planted-configuration.ts`.
 */
export const plantedSecrets = {
  // The API of the service.
  token: "PLANTEDtoken-for-operators",
  tokenOfSender: "PLANTEDtoken-of-a-sender",
  tokenOfReader: "PLANTEDtoken-of-a-reader",
  wrongToken: "PLANTEDtoken-of-nobody",
  serverTlsKey: lineOf(plantedTls.server.key),

  // The ledger.
  database: "PLANTEDpassword-of-a-database",
  encryption: "PLANTEDencryption-key-of-32-byte",
  formerEncryption: "PLANTEDformer-encryption-key-32-",

  // The environment.
  proxy: "PLANTEDpassword-of-a-proxy",
  secureProxy: "PLANTEDpassword-of-a-secure-proxy",
  kubernetes: "PLANTEDtoken-of-a-service-account",

  // Telemetry.
  otlpPassword: "PLANTEDpassword-of-a-collector",
  otlpPath: "PLANTEDpath-of-a-collector",
  heartbeatPath: "PLANTEDpath-of-a-heartbeat",
  heartbeatQuery: "PLANTEDquery-of-a-heartbeat",

  // Classification.
  modelKey: "PLANTEDkey-of-a-model",

  // Sources.
  readerPassword: "PLANTEDpassword-of-an-alertmanager",
  otherReaderPassword: "PLANTEDother-password-of-an-alertmanager",
  readerHeader: "PLANTEDheader-of-an-alertmanager",
  readerAuthorization: "PLANTEDbearer-of-an-alertmanager",
  readerTlsKey: lineOf(plantedTls.reader.key),
  hmac: "PLANTEDhmac-of-a-source",
  hmacInFile: "PLANTEDhmac-in-a-file",
  hmacInVariable: "PLANTEDhmac-in-a-variable",
  changeSource: "PLANTEDsecret-of-a-change-source",
  callback: "PLANTEDsecret-of-a-callback",
  callbackOfSlack: "PLANTEDsigning-secret-of-a-slack-app",
  changeSigning: "PLANTEDsigning-token-of-a-change-source",

  // PagerDuty. Two more characters make a key of the first two, one for each target.
  key: "PLANTEDkey0123456789abcdefABCD",
  rotatedKey: "PLANTEDrotated0123456789abcdef",
  otherKey: routingKey("other"),
  keyInVariable: routingKey("inVariable"),
  keyInFile: routingKey("inFile"),
  keyOfShadow: routingKey("ofShadow"),
  keyOfDisabled: routingKey("ofDisabled"),
  keyOfFallback: routingKey("ofFallback"),
  keyInDirectory: routingKey("inDirectory"),
  keyBesideDirectory: routingKey("besideDirectory"),
  keyInBrokenFile: routingKey("inBrokenFile"),
  keyOfCommand: routingKey("ofCommand"),
  restToken: "PLANTEDrest-token0123",
  restTokenInFile: "PLANTEDrest-token-in-a-file",
  header: "PLANTEDheader-of-a-proxy",

  // Webhooks.
  path: "PLANTEDpath-of-a-webhook",
  query: "PLANTEDquery-of-a-webhook",
  signing: "PLANTEDsigning0123456789abcdefABCDEF0123",
  formerSigning: "PLANTEDformerSigning0123456789abcdefABCD",
  bearer: "PLANTEDbearer-of-a-webhook",
  basic: "PLANTEDpassword-of-a-webhook",
  cookie: "PLANTEDcookie-of-a-webhook",
  targetTlsKey: lineOf(plantedTls.target.key),
  formerPath: "PLANTEDpath-of-a-removed-webhook",

  // Slack.
  slackHook: "PLANTEDslackhook0123456789",
  slackBot: "xoxb-PLANTEDslackbot-0123456789",
  slackBotInFile: "xoxb-PLANTEDslackbotInFile-0123456789",
  slackHeader: "PLANTEDheader-of-a-slack-proxy",

  // Rootly.
  rootly: "PLANTEDrootly-api-key",
  rootlyInVariable: "PLANTEDkey-of-rootly-in-a-variable",
  rootlyHeader: "PLANTEDheader-of-a-rootly-proxy",

  // Other Alertmanagers.
  alertmanagerBearer: "PLANTEDbearer-of-another-alertmanager",
  alertmanagerTenant: "PLANTEDtenant-of-another-alertmanager",
  alertmanagerPath: "PLANTEDpath-of-another-alertmanager",

  // Targets that are invalid.
  wrongKey: "PLANTEDwrong-not-thirty-two-characters",
  urlPassword: "PLANTEDpassword-in-a-url",
  urlPath: "PLANTEDpath-of-a-wrong-url",
  unknownField: "PLANTEDvalue-of-an-unknown-field",
  wrongHeaders: "PLANTEDheaders-that-are-a-text",
  keyInList: "PLANTEDkey-in-a-list",
  bareText: "PLANTEDtext-instead-of-a-target",
  wrongSigning: "PLANTEDsigning-secret-of-a-wrong-form",
} as const;

/** Which of the planted secrets stand in these bytes: as they are, or in one of the usual spellings. */
export function findPlantedSecrets(bytes: Buffer | string): string[] {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  return spellings.flatMap(([name, all]) => (all.some((spelling) => text.includes(spelling)) ? [name] : []));
}

const spellings = Object.entries(plantedSecrets).map(([name, secret]) => {
  const hex = Buffer.from(secret).toString("hex");
  // Three alignments, each without the characters that depend on what stands beside it.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from("\0".repeat(shift) + secret)
      .toString("base64")
      .slice(4, -4),
  );
  return [name, [secret, secret.toLowerCase(), hex, ...base64]] as const;
});
