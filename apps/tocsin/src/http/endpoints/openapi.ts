import type { Endpoint } from "../endpoint.ts";
import type { DocumentedEndpoint, OpenApiOptions } from "../openapi/open-api-document.ts";

/** The document that describes the API. It is built when it is first asked for, because few services are ever asked. */
export function openApiEndpoint({ endpoints, ...options }: OpenApiOptions): Endpoint {
  let text: Promise<string> | undefined;
  const self: Endpoint = {
    method: "GET",
    path: "/api/v1/openapi.json",
    role: "read",
    does: "describes this API as OpenAPI 3.1",
    async answer(_request, reply) {
      text ??= documentText({ ...options, endpoints: [...endpoints, self] });
      void reply.type("application/json; charset=utf-8");
      return text;
    },
  };
  return self;
}

async function documentText(options: OpenApiOptions & { readonly endpoints: readonly DocumentedEndpoint[] }) {
  const { openApiDocument } = await import("../openapi/open-api-document.ts");
  return JSON.stringify(openApiDocument(options));
}
