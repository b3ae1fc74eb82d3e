import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

const documented = new URL("../../docs/receivers/pagerduty.openapi.json", import.meta.url);

/** Problems that the documented schema and the written rules find in these request bodies. */
export async function invalidEvents(bodies: readonly string[]): Promise<string[]> {
  const validate = schema();
  const problems: string[] = [];
  for (const body of bodies) {
    const event = JSON.parse(body) as Record<string, unknown>;
    if (!/^[0-9A-Za-z]{32}$/.test(String(event["routing_key"]))) problems.push("routing_key is not 32 alphanumerics");
    if (event["event_action"] !== "trigger" && !event["dedup_key"]) problems.push("dedup_key is missing");
    if (Buffer.byteLength(body) > 512_000) problems.push("over 512,000 bytes");
    // Alertmanager sends a payload without severity and source on resolve; PagerDuty needs it on trigger only.
    if (event["event_action"] === "trigger" && !validate(event)) problems.push(JSON.stringify(validate.errors));
  }
  return problems;
}

function schema() {
  const api = JSON.parse(readFileSync(documented, "utf8")) as {
    paths: Record<string, { post: { requestBody: { content: Record<string, { schema: object }> } } }>;
    components: object;
  };
  const body = api.paths["/enqueue"]?.post.requestBody.content["application/json"]?.schema;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  return ajv.compile({ ...body, components: api.components });
}
