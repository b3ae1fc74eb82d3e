import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

interface OpenApi {
  paths: Record<string, { post: { requestBody: { content: { "application/json": { schema: object } } } } }>;
  components: { responses: Record<string, { content: { "application/json": { schema: object } } }> };
}

export interface DocumentedSchemas {
  alert: ValidateFunction;
  change: ValidateFunction;
  success: ValidateFunction;
}

const file = new URL("../../../docs/receivers/pagerduty.openapi.json", import.meta.url);

/** Validators for the requests and the answer that PagerDuty documents (docs/receivers/pagerduty.md). */
export function documentedSchemas(): DocumentedSchemas {
  const openApi = JSON.parse(readFileSync(file, "utf8")) as OpenApi;
  const ajv = new Ajv({
    strict: false,
    formats: {
      url: (text) => URL.canParse(text),
      "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
    },
  });
  ajv.addSchema(openApi, "pagerduty");
  const request = (path: string) =>
    ajv.compile({
      $ref: `pagerduty#/paths/~1${path.replace("/", "~1")}/post/requestBody/content/application~1json/schema`,
    });
  return {
    alert: request("enqueue"),
    change: request("change/enqueue"),
    success: ajv.compile({ $ref: "pagerduty#/components/responses/Success/content/application~1json/schema" }),
  };
}
