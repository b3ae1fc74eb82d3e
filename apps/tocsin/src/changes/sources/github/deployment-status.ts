import { changeId } from "../change-id.ts";
import { deploymentSummary, isVersion, shortCommit } from "../deployment-summary.ts";
import type { Fields } from "../fields.ts";
import type { Reading, SourceEvent } from "../source-type.ts";

/** The final states. Others: `queued`, `pending`, `in_progress`, `inactive`. */
const outcomes: Readonly<Record<string, string>> = { success: "succeeded", failure: "failed", error: "failed" };

/** Reads the event `deployment_status`: the status of a deployment changed. */
export function readDeploymentStatus(fields: Fields, { receivedAtMs }: SourceEvent): Reading {
  const repository = fields.neededText("repository.full_name");
  const id = fields.neededId("deployment_status.id");
  const state = fields.neededText("deployment_status.state");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const environment = fields.text("deployment.environment") ?? fields.text("deployment_status.environment");
  const sha = fields.text("deployment.sha");
  const reference = fields.text("deployment.ref");
  const branch = reference === sha ? undefined : reference;
  const version = branch !== undefined && isVersion(branch) ? branch : undefined;
  const service = fields.text("repository.name");
  const actor = fields.text("deployment_status.creator.login") ?? fields.text("sender.login");
  const repositoryUrl = fields.url("repository.html_url");
  return {
    state,
    isFinal: Object.hasOwn(outcomes, state),
    branch,
    change: {
      id: changeId("deployment_status", repository, id),
      summary: deploymentSummary({
        what: service ?? repository,
        version: version ?? shortCommit(sha),
        environment,
        actor,
        place: repository,
        outcome: outcomes[state] ?? state,
      }),
      source: repository,
      timestampMs: fields.timeMs("deployment_status.created_at") ?? receivedAtMs,
      ...(environment !== undefined && { environment }),
      labels: { service, repository, branch, sha, version },
      links: [
        {
          href: fields.url("deployment_status.log_url") ?? fields.url("deployment_status.target_url"),
          text: "Deployment",
        },
        { href: fields.url("deployment_status.environment_url"), text: "Environment" },
        { href: repositoryUrl && shortCommit(sha) && `${repositoryUrl}/commit/${sha}`, text: "Commit" },
      ],
      customDetails: {
        event: "deployment_status",
        state,
        actor,
        ref: reference,
        sha,
        task: fields.text("deployment.task"),
        deployment: fields.id("deployment.id"),
        description: fields.text("deployment_status.description") ?? fields.text("deployment.description"),
      },
    },
  };
}
