import { changeId } from "../change-id.ts";
import { isVersion, summaryOf } from "../deployment-summary.ts";
import type { Fields } from "../fields.ts";
import type { Reading, SourceEvent } from "../source-type.ts";

/** Reads the event `push`: commits or a tag were pushed, or a branch or tag was created or deleted. */
export function readPush(fields: Fields, { receivedAtMs }: SourceEvent): Reading {
  const repository = fields.neededText("repository.full_name");
  const reference = fields.neededText("ref");
  const before = fields.neededText("before");
  const after = fields.neededText("after");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const [, kind, name = reference] = /^refs\/(heads|tags)\/(.+)$/.exec(reference) ?? [];
  const isTag = kind === "tags";
  const state = fields.at("deleted") === true ? "deleted" : fields.at("created") === true ? "created" : "pushed";
  const service = fields.text("repository.name");
  const actor = fields.text("pusher.name") ?? fields.text("sender.login");
  const message = firstLine(fields.at("head_commit.message"));
  const thing = `${isTag ? "tag" : "branch"} ${name}`;
  const commits = fields.list("commits").length;
  const done =
    state === "pushed"
      ? `Pushed ${commits === 1 ? "1 commit" : `${commits} commits`} to ${isTag ? thing : name}`
      : `${state === "deleted" ? "Deleted" : "Created"} ${thing}`;
  const sha = state === "deleted" ? undefined : after;
  return {
    state,
    isFinal: state !== "deleted",
    branch: isTag ? reference : name,
    change: {
      id: changeId("push", repository, reference, before, after),
      summary: summaryOf(
        `${done}${actor ? ` by ${actor}` : ""} (${repository})${message && sha ? `: ${message}` : ""}`,
      ),
      source: repository,
      timestampMs: fields.timeMs("repository.pushed_at") ?? receivedAtMs,
      labels: {
        service,
        repository,
        sha,
        ...(isTag ? { version: isVersion(name) ? name : undefined } : { branch: name }),
      },
      links: [
        { href: fields.url("compare"), text: "Compare" },
        { href: fields.url("head_commit.url"), text: "Commit" },
      ],
      customDetails: {
        event: "push",
        state,
        actor,
        ref: reference,
        before,
        after,
        forced: fields.at("forced") === true,
        commits,
        message,
      },
    },
  };
}

const firstLine = (message: unknown): string | undefined =>
  typeof message === "string" ? /^[^\r\n]{1,200}/.exec(message)?.[0].trim() || undefined : undefined;
