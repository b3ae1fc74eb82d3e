import { changeId } from "./change-id.ts";
import { deploymentSummary, isVersion, shortCommit } from "./deployment-summary.ts";
import { Fields, oneLine } from "./fields.ts";
import type { SourceType } from "./source-type.ts";
import { bearerVerifier } from "./token-verifier.ts";

/** The final phases of an operation. Others: `Running`, `Terminating`. */
const outcomes: Readonly<Record<string, string>> = { Succeeded: "succeeded", Failed: "failed", Error: "failed" };

/** Most images that are shown. */
const maxImages = 20;

/** Notifications of Argo CD. Their body is the template in docs/changes.md, which users copy into their configuration of Argo CD. */
export const argocd: SourceType = {
  verifier: bearerVerifier,
  read({ body, receivedAtMs }) {
    const fields = new Fields(body);
    const application = fields.neededText("application");
    const state = fields.neededText("phase");
    const startedAt = fields.neededText("startedAt");
    if (fields.issues.length > 0) return { invalid: fields.issues };
    const environment = fields.text("environment");
    const namespace = fields.text("destination.namespace");
    // An application with several sources has several revisions.
    const revision = fields.text("revision") ?? fields.text("revisions.0");
    const version = revision !== undefined && isVersion(revision) ? revision : undefined;
    const sha = version === undefined && shortCommit(revision) !== undefined ? revision : undefined;
    const actor = fields.text("initiatedBy");
    const consoleUrl = fields.url("argocdUrl");
    const repository = pathOf(fields.text("repository"));
    const applicationNamespace = fields.text("namespace") ?? "";
    return {
      state,
      isFinal: Object.hasOwn(outcomes, state),
      branch: fields.text("targetRevision"),
      change: {
        id: changeId("argocd", applicationNamespace, application, startedAt, state),
        summary: deploymentSummary({
          what: application,
          version: version ?? shortCommit(sha),
          environment,
          actor,
          place: `Argo CD${namespace ? `, namespace ${namespace}` : ""}`,
          outcome: outcomes[state] ?? state,
        }),
        source: application,
        timestampMs: fields.timeMs("finishedAt") ?? fields.timeMs("startedAt") ?? receivedAtMs,
        ...(environment !== undefined && { environment }),
        labels: { app: application, namespace, repository, sha, version },
        links: [
          {
            href:
              consoleUrl &&
              `${consoleUrl.replace(/\/+$/, "")}/applications/${pathSegments(applicationNamespace, application)}`,
            text: "Application",
          },
        ],
        customDetails: {
          event: "sync",
          state,
          actor,
          message: fields.text("message", 1_000),
          revision,
          project: fields.text("project"),
          repository,
          path: fields.text("path"),
          cluster: fields.text("destination.name") ?? fields.text("destination.server"),
          health: fields.text("health"),
          images: fields
            .list("images")
            .slice(0, maxImages)
            .flatMap((image) => (typeof image === "string" ? (oneLine(image, 300) ?? []) : [])),
        },
      },
    };
  },
};

/** The path in the address of a repository, such as `acme/api`, without host, user and password. */
function pathOf(repository: string | undefined): string | undefined {
  if (repository === undefined) return undefined;
  // Git also takes `git@example.com:acme/api.git`.
  const path = repository.includes("://")
    ? URL.parse(repository)?.pathname
    : repository.slice(repository.lastIndexOf("@") + 1).replace(/^[^/:]*:/, "");
  if (path === undefined) return undefined;
  return path.replace(/^\/+/, "").replace(/\.git$/, "") || undefined;
}

const pathSegments = (...segments: readonly string[]): string =>
  segments
    .filter((segment) => segment !== "")
    .map((segment) => encodeURIComponent(segment))
    .join("/");
