import { oneOrMany, secretInput } from "@tocsin/core";
import { z } from "zod";
import { changeTemplate } from "./change-template.ts";

/** The kinds of senders. */
export const changeSourceTypes = ["github", "gitlab", "argocd", "flux", "generic"] as const;
export type ChangeSourceType = (typeof changeSourceTypes)[number];

const maxSources = 100;
/** A rotation needs two. Each costs one hash of the body per request. */
const maxSecrets = 5;

const patterns = () => oneOrMany(z.string().min(1).max(500)).optional();

const forGeneric = ["auth", "header", "prefix", "encoding", "template"] as const;

const source = z
  .strictObject({
    name: z
      .string()
      .max(100)
      .regex(
        /^[A-Za-z\d][\w.-]*$/,
        "must consist of letters, digits, `.`, `_` and `-`, and begin with a letter or digit",
      )
      .refine((name) => name !== "rollouts", { error: "must not be `rollouts`, the origin of changes in Kubernetes" })
      .describe("Name of the source: its events are sent to `/api/v1/changes/from/NAME`."),
    type: z.enum(changeSourceTypes).describe("Kind of the sender."),
    secrets: z
      .array(secretInput)
      .min(1, "expected at least one secret")
      .max(maxSecrets, `must not be more than ${maxSecrets}`)
      .describe(
        "Secrets of the sender. A request needs the signature of one of them, or sends one as a token; several allow a rotation.",
      ),
    filters: z
      .strictObject({
        environments: patterns().describe(
          "Environments whose events are changes; `*` stands for any characters. Events without an environment pass. Default: all.",
        ),
        branches: patterns().describe(
          "Branches whose events are changes, as `main` or `release/*`. Events without a branch pass. Default: all.",
        ),
        states: patterns().describe("States that are changes. Default: the final states of the type."),
      })
      .prefault({}),
    labels: z
      .record(z.string().min(1).max(200), z.string().min(1).max(500))
      .default({})
      .describe("Labels of every change of this source. They replace labels of the event."),
    auth: z
      .enum(["hmac", "bearer"])
      .optional()
      .describe(
        "Type `generic`: `hmac` demands an HMAC-SHA256 of the body, `bearer` the secret as `Authorization: Bearer`. Default: `bearer`.",
      ),
    header: z
      .string()
      .regex(/^[\w!#$%&'*+.^`|~-]+$/, "is not a valid header name")
      .optional()
      .describe("Header with the signature, for `auth: hmac`. Default: `X-Signature`."),
    prefix: z
      .string()
      .max(100)
      .optional()
      .describe("Text before the signature, such as `sha256=`, for `auth: hmac`. Default: none."),
    encoding: z
      .enum(["hex", "base64"])
      .optional()
      .describe("Encoding of the signature, for `auth: hmac`. Default: `hex`."),
    template: changeTemplate.optional().describe("Type `generic`: the templates that read the change."),
  })
  .superRefine((settings, context) => {
    const { type, auth, template } = settings;
    const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
    if (type !== "generic") {
      for (const key of forGeneric) if (settings[key] !== undefined) refuse(key, "applies to `type: generic` only");
      return;
    }
    if (template === undefined) refuse("template", "is needed for `type: generic`, with at least `summary`");
    if (auth === "hmac") return;
    for (const key of ["header", "prefix", "encoding"] as const)
      if (settings[key] !== undefined) refuse(key, "needs `auth: hmac`");
  });

/** The list `changes.sources` of the configuration. */
export const changeSourceSettings = z
  .array(source)
  .max(maxSources, `must not be more than ${maxSources}`)
  .default([])
  .superRefine((sources, context) => {
    for (const [index, { name }] of sources.entries())
      if (sources.findIndex((other) => other.name === name) < index)
        context.addIssue({ code: "custom", path: [index, "name"], message: "must not be the same as an earlier one" });
  });

export type ChangeSourceSettings = z.output<typeof changeSourceSettings>;
