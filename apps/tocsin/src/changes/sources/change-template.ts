import { compileDetails, compileText, type StepBudget } from "@tocsin/core";
import { z } from "zod";

/** Renders a text from the variables of one event. Undefined: the result is blank. @throws Error if the template fails */
export type RenderText = (variables: object, steps: StepBudget) => string | undefined;

/** The variables and the remaining steps of one event. */
export interface Rendering {
  readonly variables: object;
  readonly steps: StepBudget;
}

/** Compiles when the configuration is read, so that a running service meets no wrong template. */
const compiled = <In, Out>(input: z.ZodType<In>, compile: (value: In) => Out) =>
  input.transform((value, context): Out => {
    try {
      return compile(value);
    } catch (error) {
      context.issues.push({ code: "custom", message: (error as Error).message, input: value });
      return z.NEVER;
    }
  });

const text = () => compiled(z.string(), (template): RenderText => compileText(template));

const maxLabels = 50;
const maxLinks = 10;

/** The block `template` of a generic source. */
export const changeTemplate = z.strictObject({
  summary: text().describe(
    "Summary of the change, a Liquid template over `body`, the JSON of the request. If it is blank, the event is ignored; if it reads a field that is missing, the request is answered 400.",
  ),
  id: text()
    .optional()
    .describe("Identity of the change: the same id twice is one change. Default: the SHA-256 of the body."),
  source: text().optional().describe("Place of the change. Default: the name of the source."),
  timestamp: text().optional().describe("Time in RFC 3339 or in Unix seconds. Default: the time of the request."),
  environment: text().optional().describe("Environment, also for `filters.environments`."),
  branch: text().optional().describe("Branch, also for `filters.branches`."),
  state: text().optional().describe("State, for `filters.states`."),
  labels: z
    .record(z.string().min(1).max(200), text())
    .refine((labels) => Object.keys(labels).length <= maxLabels, `must not have more than ${maxLabels}`)
    .default({})
    .describe("Labels of the change. One whose text is blank is left out."),
  links: z
    .array(
      z.strictObject({
        href: text().describe("URL of a page about the change."),
        text: text().optional().describe("Text of the link."),
      }),
    )
    .max(maxLinks, `must not be more than ${maxLinks}`)
    .default([]),
  customDetails: compiled(z.record(z.string(), z.json()), (details) =>
    compileDetails(details, (template) => {
      const render = compileText(template);
      return ({ variables, steps }: Rendering) => attempted(() => render(variables, steps));
    }),
  )
    .optional()
    .describe("Details of the change. Texts at any depth are templates; one that fails is left out."),
});

export type ChangeTemplate = z.output<typeof changeTemplate>;

/** An optional text whose template fails is left out, like one that is blank. */
export function attempted(render: () => string | undefined): string | undefined {
  try {
    return render();
  } catch {
    return undefined;
  }
}
