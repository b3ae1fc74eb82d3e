import { changeId } from "./change-id.ts";
import { isVersion, summaryOf } from "./deployment-summary.ts";
import { Fields, oneLine } from "./fields.ts";
import { hmacVerifier } from "./hmac-verifier.ts";
import type { SourceType } from "./source-type.ts";
import { bearerVerifier } from "./token-verifier.ts";
import type { Verifier } from "./verifier.ts";

/** The final reasons, and the words of their summary. */
const words: Readonly<Record<string, string>> = {
  Applied: "Deployed",
  ReconciliationSucceeded: "Deployed",
  ReconciliationFailed: "Deployment failed:",
  HealthCheckFailed: "Health check failed:",
  BuildFailed: "Build failed:",
  ValidationFailed: "Validation failed:",
  PruneFailed: "Pruning failed:",
  InstallSucceeded: "Installed",
  InstallFailed: "Install failed:",
  UpgradeSucceeded: "Upgraded",
  UpgradeFailed: "Upgrade failed:",
  RollbackSucceeded: "Rolled back",
  RollbackFailed: "Rollback failed:",
  UninstallSucceeded: "Uninstalled",
  UninstallFailed: "Uninstall failed:",
};

/** Most entries of the metadata that are shown. */
const maxMetadata = 20;

/** Alerts of Flux' notification-controller, with a provider of type `generic-hmac`, or `generic` with a bearer token. */
export const flux: SourceType = {
  verifier,
  read({ body, receivedAtMs }) {
    const fields = new Fields(body);
    const uid = fields.neededId("involvedObject.uid");
    const kind = fields.neededText("involvedObject.kind");
    const name = fields.neededText("involvedObject.name");
    const reason = fields.neededText("reason");
    if (fields.issues.length > 0) return { invalid: fields.issues };
    const namespace = fields.text("involvedObject.namespace");
    const metadata = metadataOf(fields);
    const revision = metadata["revision"] ?? "";
    const [reference = "", sha] = /^(.*?)[@/](?:sha1:)?([\da-f]{40})$/.exec(revision)?.slice(1) ?? [revision];
    const version = isVersion(reference) ? reference : undefined;
    const environment = metadata["environment"] ?? metadata["env"];
    const state = isChangeSet(kind, reason, fields.at("message")) ? "Applied" : reason;
    const timestamp = fields.text("timestamp") ?? "";
    // The values of a Helm release are a part of its revision. In events of other kinds the token is random.
    const values = kind === "HelmRelease" ? (metadata["token"] ?? "") : "";
    const object = [kind, ...(namespace === undefined ? [] : [namespace]), name].join("/");
    const shown = [name, shortRevision(revision), environment && `to ${environment}`].filter(Boolean).join(" ");
    return {
      state,
      isFinal: Object.hasOwn(words, state),
      branch: sha === undefined ? undefined : reference,
      objectState: { object: uid, state: changeId(reason, revision, values) },
      change: {
        id: changeId("flux", uid, reason, revision, values, timestamp),
        summary: summaryOf(`${words[state] ?? `${state}:`} ${shown} (${object})`),
        source: object,
        timestampMs: fields.timeMs("timestamp") ?? receivedAtMs,
        ...(environment !== undefined && { environment }),
        labels: {
          app: name,
          service: name,
          sha,
          version: version ?? metadata["app-version"],
          branch: sha === undefined ? undefined : reference,
        },
        links: [],
        customDetails: {
          event: "flux",
          state,
          reason,
          object,
          severity: fields.text("severity"),
          message: fields.text("message", 1_000),
          controller: fields.text("reportingController"),
          metadata: Object.fromEntries(Object.entries(metadata).slice(0, maxMetadata)),
        },
      },
    };
  },
};

/** A provider `generic-hmac` signs the body. A provider `generic` can send the secret as a bearer token. */
function verifier(secrets: readonly string[]): Verifier {
  const signed = hmacVerifier(secrets, {
    header: "X-Signature",
    hashByPrefix: { "sha256=": "sha256", "sha224=": "sha224", "sha384=": "sha384", "sha512=": "sha512" },
    encoding: "hex",
  });
  const bearer = bearerVerifier(secrets);
  return {
    hashes: signed.hashes,
    verify(request) {
      const bySignature = signed.verify(request);
      const byBearer = bearer.verify(request);
      return request.headers["x-signature"] === undefined && request.headers.authorization !== undefined
        ? byBearer
        : bySignature;
    },
  };
}

/**
 * The controller reports the end of a successful reconciliation of a Kustomization only to Git hosts. Other providers get the list
 * of changed objects, with the reason `Progressing`, when the change happens.
 */
function isChangeSet(kind: string, reason: string, message: unknown): boolean {
  if (kind !== "Kustomization" || reason !== "Progressing" || typeof message !== "string") return false;
  return /^[^\s/]+\/\S+ (?:created|configured|deleted)$/m.test(message);
}

/** The metadata by short names: older versions of the controller begin each name with the API group of the object. */
function metadataOf(fields: Fields): Readonly<Record<string, string>> {
  const metadata = fields.at("metadata");
  if (typeof metadata !== "object" || metadata === null) return {};
  const group = /^([^/]+)\//.exec(fields.text("involvedObject.apiVersion") ?? "")?.[1];
  return Object.fromEntries(
    Object.entries(metadata).flatMap(([key, value]) => {
      const text = typeof value === "string" ? oneLine(value, 300) : undefined;
      if (text === undefined) return [];
      const short = group !== undefined && key.startsWith(`${group}/`) ? key.slice(group.length + 1) : key;
      return [[short.slice(0, 100), text]];
    }),
  );
}

/** Shortens the digests in a revision such as `main@sha1:731f7ea…`. */
const shortRevision = (revision: string): string => revision.replaceAll(/([\da-f]{7})[\da-f]{33,}/g, "$1");
