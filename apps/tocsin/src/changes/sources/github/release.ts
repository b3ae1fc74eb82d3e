import { changeId } from "../change-id.ts";
import { shortCommit, summaryOf } from "../deployment-summary.ts";
import type { Fields } from "../fields.ts";
import type { Reading, SourceEvent } from "../source-type.ts";

const verbs: Readonly<Record<string, string>> = {
  created: "Created release",
  deleted: "Deleted release",
  edited: "Edited release",
  prereleased: "Pre-released",
  published: "Released",
  released: "Released",
  unpublished: "Unpublished release",
};

/** Reads the event `release`. */
export function readRelease(fields: Fields, { receivedAtMs }: SourceEvent): Reading {
  const repository = fields.neededText("repository.full_name");
  const id = fields.neededId("release.id");
  const action = fields.neededText("action");
  const version = fields.neededText("release.tag_name");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const service = fields.text("repository.name");
  const actor = fields.text("sender.login") ?? fields.text("release.author.login");
  // A branch, or the commit that the release was made from.
  const target = fields.text("release.target_commitish");
  const isCommit = target !== undefined && target.length >= 40 && shortCommit(target) !== undefined;
  const isPrerelease = fields.at("release.prerelease") === true;
  const verb = action === "published" && isPrerelease ? "Pre-released" : (verbs[action] ?? `${action} release`);
  return {
    state: action,
    // Publishing a release also sends `created` and `released` or `prereleased`.
    isFinal: action === "published",
    branch: isCommit ? undefined : target,
    change: {
      id: changeId("release", repository, id, action),
      summary: summaryOf(`${verb} ${service ?? repository} ${version}${actor ? ` by ${actor}` : ""} (${repository})`),
      source: repository,
      timestampMs: (action === "published" ? fields.timeMs("release.published_at") : undefined) ?? receivedAtMs,
      labels: { service, repository, version, ...(isCommit ? { sha: target } : { branch: target }) },
      links: [{ href: fields.url("release.html_url"), text: "Release" }],
      customDetails: {
        event: "release",
        action,
        actor,
        tag: version,
        name: fields.text("release.name"),
        prerelease: isPrerelease,
        notes: fields.text("release.body", 2_000),
      },
    },
  };
}
