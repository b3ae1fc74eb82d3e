import { checkInput, type Issue } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { changeSourcesIn } from "./change-source.ts";
import { changeSourceSettings } from "./change-source-settings.ts";

const minimal = { name: "gh", type: "github", secrets: ["a-secret"] };
const generic = { name: "ci", type: "generic", secrets: ["a-secret"], template: { summary: "x" } };

/** The issues of a list of sources, of the schema or of the secrets. */
function issuesOf(...sources: unknown[]): Issue[] {
  const parsed = checkInput(changeSourceSettings, sources);
  if ("issues" in parsed) return [...parsed.issues];
  const issues: Issue[] = [];
  changeSourcesIn(parsed.data, { issues, value: (input) => input as string });
  return issues;
}

describe("changes.sources", () => {
  test.each([
    [minimal],
    [{ ...minimal, secrets: [{ file: "/run/a" }, { env: "B" }] }],
    [
      {
        ...minimal,
        filters: { environments: "production", branches: ["main", "release/*"], states: ["success"] },
        labels: { team: "a" },
      },
    ],
    [generic],
    [{ ...generic, auth: "hmac", header: "X-Sig", prefix: "sha256=", encoding: "base64" }],
    [{ ...generic, auth: "bearer" }],
    [{ ...minimal, type: "gitlab", secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "plain"] }],
    [{ ...minimal, type: "flux", secrets: ["with blanks"] }],
  ])("accepts a source: %#", (source) => {
    expect(issuesOf(source)).toEqual([]);
  });

  test.each([
    [{ ...minimal, secrets: [] }, "[0].secrets", "expected at least one secret"],
    [{ name: "gh", type: "github" }, "[0].secrets", "expected"],
    [{ ...minimal, secrets: Array.from({ length: 6 }, () => "x") }, "[0].secrets", "must not be more than 5"],
    [{ ...minimal, type: "bitbucket" }, "[0].type", "expected"],
    [{ ...minimal, name: "a/b" }, "[0].name", "must consist of letters"],
    [{ ...minimal, name: "" }, "[0].name", "must consist of letters"],
    [{ ...minimal, name: "rollouts" }, "[0].name", "must not be `rollouts`"],
    [{ ...minimal, template: { summary: "x" } }, "[0].template", "applies to `type: generic` only"],
    [{ ...minimal, auth: "bearer" }, "[0].auth", "applies to `type: generic` only"],
    [{ ...minimal, filters: { branch: ["main"] } }, "[0].filters.branch", 'did you mean "branches"?'],
    [{ ...minimal, filters: { states: [] } }, "[0].filters.states", "must not be empty"],
    [{ ...generic, template: undefined }, "[0].template", "is needed for `type: generic`"],
    [{ ...generic, header: "X-Sig" }, "[0].header", "needs `auth: hmac`"],
    [{ ...generic, auth: "hmac", header: "X Sig" }, "[0].header", "not a valid header name"],
    [{ ...generic, template: { summary: "{{ body.x" } }, "[0].template.summary", "not closed"],
    [{ ...generic, template: { summary: "{{ .body.x }}" } }, "[0].template.summary", "Go template syntax"],
    [
      { ...generic, template: { summary: "x", labels: { a: "{{ x | nope }}" } } },
      "[0].template.labels.a",
      "undefined filter",
    ],
    [
      { ...generic, template: { summary: "x", customDetails: { a: ["{% nope %}"] } } },
      "[0].template.customDetails",
      'tag "nope" not found',
    ],
    [{ ...generic, secrets: ["with blanks"] }, "changes.sources[0].secrets[0]", "must not contain blanks"],
    [
      { ...minimal, type: "argocd", secrets: ["with blanks"] },
      "changes.sources[0].secrets[0]",
      "must not contain blanks",
    ],
    [
      { ...minimal, type: "gitlab", secrets: ["x", "whsec_*"] },
      "changes.sources[0].secrets[1]",
      "expected base64 after `whsec_`",
    ],
  ])("names the mistake of a source: %#", (source, path, message) => {
    expect(issuesOf(source)).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  test("demands different names", () => {
    expect(issuesOf(minimal, { ...generic, name: "gh" })).toEqual([
      { path: "[1].name", message: expect.stringContaining("must not be the same as an earlier one") },
    ]);
  });

  test("never shows a secret in an issue", () => {
    const planted = "planted-secret-0123456789";
    expect(JSON.stringify(issuesOf({ ...minimal, secrets: planted, secret: planted }))).not.toContain(planted);
    expect(JSON.stringify(issuesOf({ ...minimal, type: "argocd", secrets: [`${planted} x`] }))).not.toContain(planted);
  });
});
