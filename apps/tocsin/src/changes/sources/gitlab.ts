import { changeId } from "./change-id.ts";
import { deploymentSummary, isVersion, shortCommit, summaryOf } from "./deployment-summary.ts";
import { Fields } from "./fields.ts";
import type { Reading, SourceEvent, SourceType } from "./source-type.ts";
import { isStandardWebhookSecret, standardWebhookVerifier } from "./standard-webhook-verifier.ts";
import { tokenVerifier } from "./token-verifier.ts";
import { headerOf, type Verifier } from "./verifier.ts";

/** The final states of deployments and pipelines. */
const outcomes: Readonly<Record<string, string>> = { success: "succeeded", failed: "failed", canceled: "was canceled" };

/** Webhooks of GitLab: https://docs.gitlab.com/user/project/integrations/webhook_events/. */
export const gitlab: SourceType = {
  verifier,
  read(event) {
    const fields = new Fields(event.body);
    const kind = fields.text("object_kind");
    if (kind === "deployment") return readDeployment(fields, event);
    if (kind === "pipeline") return readPipeline(fields, event);
    if (kind === "release") return readRelease(fields, event);
    const name = kind ?? headerOf(event.headers, "x-gitlab-event")?.slice(0, 100) ?? "unknown";
    return { ignored: `the event ${JSON.stringify(name)} is not a change` };
  },
};

/** A secret that begins with `whsec_` is a signing token; any other is the secret token, which GitLab sends as it is. */
function verifier(secrets: readonly string[]): Verifier {
  const signed = standardWebhookVerifier(secrets.filter(isStandardWebhookSecret));
  const plain = tokenVerifier(
    secrets.filter((secret) => !isStandardWebhookSecret(secret)),
    { name: "the header X-Gitlab-Token", tokenIn: (headers) => headerOf(headers, "x-gitlab-token") },
  );
  return {
    hashes: signed.hashes,
    verify(request) {
      const bySignature = signed.verify(request);
      const byToken = plain.verify(request);
      if (bySignature.refused === undefined) return bySignature;
      return byToken.refused !== undefined && request.headers["webhook-signature"] !== undefined
        ? bySignature
        : byToken;
    },
  };
}

/** The fields that all kinds of events share. */
function projectOf(fields: Fields) {
  const project = fields.neededText("project.path_with_namespace");
  return {
    project,
    service: project.slice(project.lastIndexOf("/") + 1),
    actor: fields.text("user.username") ?? fields.text("user.name"),
  };
}

function readDeployment(fields: Fields, { receivedAtMs, signedId }: SourceEvent): Reading {
  const { project, service, actor } = projectOf(fields);
  const id = fields.neededId("deployment_id");
  const state = fields.neededText("status");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const environment = fields.text("environment");
  const reference = fields.text("ref");
  const version = reference !== undefined && isVersion(reference) ? reference : undefined;
  const commitUrl = fields.url("commit_url");
  const shortSha = fields.text("short_sha");
  const sha = /\/commit\/([\da-f]{40,64})$/.exec(commitUrl ?? "")?.[1] ?? shortSha;
  return {
    state,
    isFinal: Object.hasOwn(outcomes, state),
    branch: reference,
    change: {
      id: changeId("deployment", ...(signedId === undefined ? [project, id, state] : [signedId])),
      summary: deploymentSummary({
        what: service,
        version: version ?? shortCommit(sha),
        environment,
        actor,
        place: project,
        outcome: outcomes[state] ?? state,
      }),
      source: project,
      timestampMs: fields.timeMs("status_changed_at") ?? receivedAtMs,
      ...(environment !== undefined && { environment }),
      labels: { service, repository: project, branch: version === undefined ? reference : undefined, sha, version },
      links: [
        { href: fields.url("deployable_url"), text: "Job" },
        { href: fields.url("environment_external_url"), text: "Environment" },
        { href: commitUrl, text: "Commit" },
      ],
      customDetails: {
        event: "deployment",
        state,
        actor,
        ref: reference,
        sha,
        deployment: id,
        tier: fields.text("environment_tier"),
        commit: fields.text("commit_title"),
      },
    },
  };
}

function readPipeline(fields: Fields, { receivedAtMs, signedId }: SourceEvent): Reading {
  const { project, service, actor } = projectOf(fields);
  const id = fields.neededId("object_attributes.id");
  const state = fields.neededText("object_attributes.status");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const reference = fields.text("object_attributes.ref");
  const sha = fields.text("object_attributes.sha");
  const isTag = fields.at("object_attributes.tag") === true;
  const commit = shortCommit(sha);
  const at = [reference && `on ${reference}`, commit && `at ${commit}`, actor && `by ${actor}`]
    .filter(Boolean)
    .join(" ");
  // A pipeline that is retried ends again with the same id, and maybe with the same state.
  const finishedAt = fields.text("object_attributes.finished_at") ?? "";
  return {
    state,
    isFinal: Object.hasOwn(outcomes, state),
    branch: isTag && reference !== undefined ? `refs/tags/${reference}` : reference,
    change: {
      id: changeId("pipeline", ...(signedId === undefined ? [project, id, state, finishedAt] : [signedId])),
      summary: summaryOf(`Pipeline of ${service} ${outcomes[state] ?? `is ${state}`} ${at} (${project})`),
      source: project,
      timestampMs: fields.timeMs("object_attributes.finished_at") ?? receivedAtMs,
      labels: { service, repository: project, sha, ...(isTag ? { version: reference } : { branch: reference }) },
      links: [
        { href: fields.url("object_attributes.url"), text: "Pipeline" },
        { href: fields.url("commit.url"), text: "Commit" },
      ],
      customDetails: {
        event: "pipeline",
        state,
        actor,
        ref: reference,
        sha,
        pipeline: id,
        name: fields.text("object_attributes.name"),
        trigger: fields.text("object_attributes.source"),
        commit: fields.text("commit.message", 200),
      },
    },
  };
}

const releaseVerbs: Readonly<Record<string, string>> = {
  create: "Released",
  update: "Updated release",
  delete: "Deleted release",
};

function readRelease(fields: Fields, { receivedAtMs, signedId }: SourceEvent): Reading {
  const { project, service } = projectOf(fields);
  const id = fields.neededId("id");
  const version = fields.neededText("tag");
  const action = fields.neededText("action");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const sha = fields.text("commit.id");
  return {
    state: action,
    isFinal: action === "create",
    branch: `refs/tags/${version}`,
    change: {
      id: changeId("release", ...(signedId === undefined ? [project, id, action] : [signedId])),
      summary: summaryOf(`${releaseVerbs[action] ?? `${action} release`} ${service} ${version} (${project})`),
      source: project,
      timestampMs: (action === "create" ? fields.timeMs("released_at") : undefined) ?? receivedAtMs,
      labels: { service, repository: project, version, sha },
      links: [
        { href: fields.url("url"), text: "Release" },
        { href: fields.url("commit.url"), text: "Commit" },
      ],
      customDetails: {
        event: "release",
        action,
        tag: version,
        name: fields.text("name"),
        notes: fields.text("description", 2_000),
      },
    },
  };
}
