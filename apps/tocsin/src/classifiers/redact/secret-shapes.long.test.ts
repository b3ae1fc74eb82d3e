import { createHash, generateKeyPairSync } from "node:crypto";
import { lintSource } from "@secretlint/core";
import { creator, rules } from "@secretlint/secretlint-rule-preset-recommend";
import { expect, test } from "vitest";
import { redactAlert } from "./redact-alert.ts";

const settings = { denyLabels: [], keep: [] } as const;

/** It looks for the IDs of access keys only if it is told to. */
const optionsOf: Record<string, object> = { "@secretlint/secretlint-rule-aws": { enableIDScanRule: true } };

/** Returns the rules of secretlint that find a secret in a text. It is an independent judge of our shapes. */
async function findings(content: string): Promise<string[]> {
  const { messages } = await lintSource({
    source: { content, filePath: "alert.txt", contentType: "text", ext: ".txt" },
    options: {
      config: {
        rules: [
          {
            id: "@secretlint/secretlint-rule-preset-recommend",
            rule: creator,
            options: {},
            rules: rules.map(({ meta }) => ({ id: meta.id, options: optionsOf[meta.id] ?? {} })),
          },
        ],
      },
    },
  });
  return messages.map(({ ruleId }) => ruleId);
}

let drawn = 0;

/** Characters of an alphabet, random but the same in every run. */
function draw(length: number, alphabet: string): string {
  let text = "";
  while (text.length < length)
    for (const byte of createHash("sha256").update(`draw ${drawn++}`).digest())
      text += alphabet[byte % alphabet.length];
  return text.slice(0, length);
}

const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const letters = upper + upper.toLowerCase();
const digits = "0123456789";
const word = (length: number) => draw(length, letters + digits);
const hex = (length: number) => draw(length, `${digits}abcdef`);

const shapes: Record<string, () => string> = {
  "AWS access key": () => `AKIA${draw(16, upper + digits)}`,
  "AWS secret key": () => `AWS_SECRET_ACCESS_KEY=${word(40)}`,
  Anthropic: () => `sk-ant-api03-${word(93)}AA`,
  Cloudflare: () => `cfut_${word(40)}${hex(8)}`,
  Databricks: () => `dapi${hex(32)}`,
  Docker: () => `dckr_pat_${word(27)}`,
  Figma: () => `figd_${word(40)}`,
  "GitHub, classic": () => `ghp_${word(36)}`,
  "GitHub, fine-grained": () => `github_pat_${word(82)}`,
  GitLab: () => `glpat-${word(20)}`,
  Grafana: () => `glsa_${word(32)}_${hex(8)}`,
  "Grafana Cloud": () => `glc_${word(60)}`,
  Groq: () => `gsk_${word(52)}`,
  "Hugging Face": () => `hf_${draw(34, letters)}`,
  Linear: () => `lin_api_${word(40)}`,
  Notion: () => `ntn_${draw(11, digits)}${word(35)}`,
  npm: () => `npm_${word(36)}`,
  OpenAI: () => `sk-${word(20)}T3BlbkFJ${word(20)}`,
  "OpenAI, project": () => `sk-proj-${word(74)}T3BlbkFJ${word(74)}`,
  SendGrid: () => `SG.${word(22)}.${word(43)}`,
  Shopify: () => `shpat_${hex(32)}`,
  "Slack token": () => `xoxb-${draw(12, digits)}-${word(24)}`,
  "Slack webhook": () => `https://hooks.slack.com/services/T${word(8)}/B${word(8)}/${word(24)}`,
  Stripe: () => `sk_live_${word(24)}`,
  Tailscale: () => `tskey-auth-${word(12)}-${word(32)}`,
  Vault: () => `hvs.${word(95)}`,
  Vercel: () => `vcp_${word(24)}`,
  "password in a URL": () => `https://app:${word(12)}@db.example.com`,
  "MongoDB connection": () => `mongodb://app:${word(12)}@db.example.com/shop`,
  "PostgreSQL connection": () => `postgresql://app:${word(12)}@db.example.com:5432/shop`,
  "MySQL connection": () => `mysql://app:${word(12)}@db.example.com:3306/shop`,
  "private key": () =>
    generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    }).privateKey,
};

/** The parts of a secret that must not stay: a URL's host may. */
const secretParts = (secret: string): string[] => {
  if (secret.startsWith("AWS_SECRET")) return [secret.slice(secret.indexOf("=") + 1)];
  const password = /:\/\/\w+:(\w+)@/.exec(secret)?.[1];
  if (password !== undefined) return [password];
  return secret.startsWith("-----")
    ? secret.split("\n").filter((line) => line.length > 20 && !line.includes(" "))
    : [secret];
};

/** The places of an alert where a secret may be. */
const places: Record<string, (secret: string) => string> = {
  alone: (secret) => secret,
  "in a sentence": (secret) => `the call with ${secret} failed with 403`,
  "in JSON": (secret) => JSON.stringify({ message: secret }),
  "in a list": (secret) => `"a", "${secret}", "b"`,
};

for (const [name, make] of Object.entries(shapes))
  test(`secretlint finds nothing of: ${name}`, async () => {
    const texts = Array.from({ length: 5 }, make).flatMap((secret) =>
      Object.values(places).map((place) => ({ secret, text: place(secret) })),
    );
    // Not every place is one where secretlint sees the secret, but the first is.
    expect(await findings(texts[0]?.text ?? "")).not.toEqual([]);
    for (const { secret, text } of texts) {
      const alert = { labels: { error: text, [text]: "x" }, annotations: { description: text } };
      const { labels, annotations } = redactAlert(alert, settings);
      const left = JSON.stringify([labels, annotations]);
      for (const part of secretParts(secret)) expect(left).not.toContain(part);
      for (const value of [...Object.keys(labels), ...Object.values(labels), ...Object.values(annotations), left])
        expect(await findings(value)).toEqual([]);
    }
  });
