import { Fields } from "../fields.ts";
import { hmacVerifier } from "../hmac-verifier.ts";
import type { Reading, SourceEvent, SourceType } from "../source-type.ts";
import { headerOf } from "../verifier.ts";
import { readDeploymentStatus } from "./deployment-status.ts";
import { readPush } from "./push.ts";
import { readRelease } from "./release.ts";
import { readWorkflowRun } from "./workflow-run.ts";

const readers: Readonly<Record<string, (fields: Fields, event: SourceEvent) => Reading>> = {
  deployment_status: readDeploymentStatus,
  release: readRelease,
  push: readPush,
  workflow_run: readWorkflowRun,
};

/**
 * Webhooks of GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads. The signature covers the body but not the
 * header with the kind of the event, so a change and its id come from the body alone.
 */
export const github: SourceType = {
  verifier: (secrets) =>
    hmacVerifier(secrets, {
      header: "X-Hub-Signature-256",
      hashByPrefix: { "sha256=": "sha256" },
      encoding: "hex",
    }),
  read(event) {
    const fields = new Fields(event.body);
    const kind = headerOf(event.headers, "x-github-event") ?? kindOf(fields);
    const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
    if (read === undefined)
      return { ignored: kind === "ping" ? "ping" : `the event ${JSON.stringify(kind.slice(0, 100))} is not a change` };
    return read(fields, event);
  },
};

/** The kind of an event whose header a proxy has removed, by the fields that only this kind has. */
function kindOf(fields: Fields): string {
  if (fields.at("deployment_status") !== undefined) return "deployment_status";
  if (fields.at("release") !== undefined) return "release";
  if (fields.at("workflow_run") !== undefined && fields.at("workflow") !== undefined) return "workflow_run";
  if (fields.at("before") !== undefined && fields.at("after") !== undefined) return "push";
  return fields.at("zen") === undefined ? "unknown" : "ping";
}
