import { checkInput, type Issue } from "@tocsin/core";
import type { z } from "zod";
import { type ChangeSource, changeSourcesIn } from "./change-source.ts";
import { changeSourceSettings } from "./change-source-settings.ts";
import { ChangeSources, knownSource, type SourceReading } from "./change-sources.ts";
import type { SourceEvent } from "./source-type.ts";

type Written = NonNullable<z.input<typeof changeSourceSettings>>[number];

export const secret = "It's a Secret to Everybody";
export const receivedAtMs = Date.parse("2026-11-30T12:00:00Z");

/** Opens sources as the configuration does. Their default secret is `secret`, or `a-token` for bearer tokens. */
export function openSources(...written: Partial<Written>[]): ChangeSources {
  return new ChangeSources(settingsOf(...written));
}

function settingsOf(...written: Partial<Written>[]): ChangeSource[] {
  const parsed = checkInput(changeSourceSettings, written.map(withDefaults));
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  const issues: Issue[] = [];
  const sources = changeSourcesIn(parsed.data, { issues, value: (input) => input as string });
  if (issues.length > 0) throw new Error(JSON.stringify(issues));
  return sources;
}

function withDefaults(written: Partial<Written>): Written {
  const { type = "github" } = written;
  const sendsToken = type === "argocd" || (type === "generic" && written.auth !== "hmac");
  return { name: type, type, secrets: [sendsToken ? "a-token" : secret], ...written };
}

/** Returns a function that reads events of a source without a check of their secret. */
export function readerOf(written: Partial<Written>): (body: unknown, event?: Partial<SourceEvent>) => SourceReading {
  const source = withDefaults(written);
  const { read } = knownSource(settingsOf(source)[0]!);
  return (body, event = {}) =>
    read({ headers: {}, body, rawBody: Buffer.from(JSON.stringify(body) ?? ""), receivedAtMs, ...event });
}

/** The change in a reading; fails if there is none. */
export function changeOf(reading: SourceReading) {
  if (!("change" in reading)) throw new Error(`no change: ${JSON.stringify(reading)}`);
  return reading.change;
}
