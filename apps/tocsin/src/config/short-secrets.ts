import { minRedactedLength } from "@tocsin/core";
import type { Config } from "./config.ts";

/**
 * Names the settings whose secret is too short to be distinguished from ordinary words in a log line. Secrets of targets are
 * reported with the targets.
 */
export function shortSecrets({
  server,
  ledger,
  readers,
  signatures,
  changeSources,
  callbacks,
  telemetry,
  classification,
}: Config): string[] {
  const settings: (readonly [string, string | undefined])[] = [
    ...server.tokens.map(({ name, value }) => [`token ${name}`, value] as const),
    ["the password in ledger.url", ledger.kind === "postgres" ? ledger.server.password : undefined],
    ...readers.flatMap(({ source, instances }) =>
      instances.map(
        ({ url }) => [`the password in a URL of source ${source}`, new URL(url.reveal()).password] as const,
      ),
    ),
    ["the password in telemetry.traces.otlp", telemetry.traces?.password?.reveal()],
    ...signatures.map(({ source, secret }) => [`the secret of source ${source}`, secret.reveal()] as const),
    ...callbacks.flatMap(({ name, secrets }) =>
      secrets.map((secret) => [`a secret of callback ${name}`, secret.reveal()] as const),
    ),
    ...changeSources.flatMap(({ name, secrets }) =>
      secrets.map((secret) => [`a secret of change source ${name}`, secret.reveal()] as const),
    ),
    ["classification.llm.apiKey", classification?.llm?.apiKey?.reveal()],
  ];
  const short = settings.filter(([, secret]) => secret && secret.length < minRedactedLength);
  return [...new Set(short.map(([setting]) => setting))];
}
