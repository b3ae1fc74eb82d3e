import { changeId } from "../change-id.ts";
import { shortCommit, summaryOf } from "../deployment-summary.ts";
import type { Fields } from "../fields.ts";
import type { Reading, SourceEvent } from "../source-type.ts";

const words: Readonly<Record<string, string>> = {
  success: "succeeded",
  failure: "failed",
  cancelled: "was cancelled",
  timed_out: "timed out",
  startup_failure: "failed to start",
};

/** Conclusions of runs that did nothing, or wait for a person. */
const notFinal = { action_required: true, skipped: true, stale: true };

/** Reads the event `workflow_run`: a workflow was requested, runs, or has ended. Only its end is a change. */
export function readWorkflowRun(fields: Fields, { receivedAtMs }: SourceEvent): Reading {
  const repository = fields.neededText("repository.full_name");
  const id = fields.neededId("workflow_run.id");
  const action = fields.neededText("action");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const conclusion = fields.text("workflow_run.conclusion");
  if (action !== "completed" || conclusion === undefined) {
    const state = action === "completed" ? (fields.text("workflow_run.status") ?? "unknown") : action;
    return { ignored: `the workflow run has not ended: its state is ${JSON.stringify(state)}` };
  }
  // Older versions of GitHub Enterprise Server have no attempts.
  const attempt = fields.id("workflow_run.run_attempt") ?? "1";
  const service = fields.text("repository.name");
  const workflow = fields.text("workflow.name") ?? fields.text("workflow_run.name") ?? "unnamed";
  const branch = fields.text("workflow_run.head_branch");
  const sha = fields.text("workflow_run.head_sha");
  const actor =
    fields.text("workflow_run.triggering_actor.login") ??
    fields.text("workflow_run.actor.login") ??
    fields.text("sender.login");
  const fork = fields.text("workflow_run.head_repository.full_name") ?? repository;
  const commit = shortCommit(sha);
  const at = [branch && `on ${branch}`, commit && `at ${commit}`, actor && `by ${actor}`].filter(Boolean).join(" ");
  return {
    state: conclusion,
    isFinal: !Object.hasOwn(notFinal, conclusion),
    // A branch of a fork may have any name, also that of a branch of this repository.
    branch: branch !== undefined && fork !== repository ? `${fork}:${branch}` : branch,
    change: {
      id: changeId("workflow_run", repository, id, attempt, conclusion),
      summary: summaryOf(`Workflow "${workflow}" ${words[conclusion] ?? `ended: ${conclusion}`} ${at} (${repository})`),
      source: repository,
      timestampMs: fields.timeMs("workflow_run.updated_at") ?? receivedAtMs,
      labels: { service, repository, branch, sha },
      links: [{ href: fields.url("workflow_run.html_url"), text: "Workflow run" }],
      customDetails: {
        event: "workflow_run",
        conclusion,
        workflow,
        actor,
        attempt,
        run: fields.id("workflow_run.run_number"),
        trigger: fields.text("workflow_run.event"),
        title: fields.text("workflow_run.display_title"),
        sha,
      },
    },
  };
}
