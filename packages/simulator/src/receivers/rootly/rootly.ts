import { pathOf, queryOf } from "../../server/exchange.ts";
import type { Call, Receiver, Region, Served, SimulatorRequest, Violation } from "../../server/exchange.ts";
import type { SimulatorState } from "../../state/state.ts";
import { bodyBytes, isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import { violations } from "../schema.ts";
import type { Usage } from "../../state/rate-limiter.ts";
import { attributesIn, mediaType, notFound, refuse, throttled } from "./rootly-documents.ts";
import { rootlyRoutes } from "./routes.ts";
import type { Route } from "./routes.ts";

/** Rootly's REST API: alerts, which page, and incidents, which start a response. JSON:API throughout. */
export function rootly(state: SimulatorState): Receiver {
  return {
    name: "rootly",
    takes: (path) => path.startsWith("/v1/"),
    read: (request, region) => readCall(state, request, region),
  };
}

/** On every answer; the reset is in seconds since 1970. */
const usageHeaders = ({ limit, perMs, used, resetAtMs }: Usage): Record<string, string> => ({
  "x-ratelimit-limit": `${limit}, ${limit};window=${perMs / 1000}`,
  "x-ratelimit-remaining": String(Math.max(0, limit - used)),
  "x-ratelimit-used": String(used),
  "x-ratelimit-reset": String(Math.ceil(resetAtMs / 1000)),
});

function readCall(state: SimulatorState, request: SimulatorRequest, region: Region): Call {
  const path = pathOf(request.path);
  const here = rootlyRoutes.filter((one) => one.path.test(path));
  const route = here.find((one) => one.method === request.method);
  const id = route?.path.exec(path)?.[1];
  const token = /^Bearer (\S+)$/.exec(request.headers["authorization"] ?? "")?.[1];
  const key = token === undefined ? undefined : state.hasher.hash(token);
  const isKnown = key !== undefined && state.keysOf("rootly").has(key);
  const body = route?.schema === undefined ? undefined : readBody(request, route);
  const attributes = attributesIn(body !== undefined && "value" in body ? body.value : undefined);
  return {
    action: route?.action ?? "unknown",
    key,
    dedupKey: stringOf(attributes["deduplication_key"]) ?? state.incidents.get(id ?? "")?.dedupKey,
    charge: isKnown ? { limit: route?.limit ?? "rootly_api", region, key } : undefined,
    throttled,
    usageHeaders,
    serve(atMs): Served {
      if (key === undefined || !isKnown) {
        return refuse(401, [{ field: "authorization", reason: "must be Bearer and a known API key" }]);
      }
      if (here.length === 0) return notFound();
      if (route === undefined) {
        const allowed = here.map((one) => one.method).join(" or ");
        return refuse(405, [{ field: "method", reason: `must be ${allowed}` }]);
      }
      if (body !== undefined && "status" in body) return refuse(body.status, body.found);
      return route.handle({ state, region, key, atMs, query: queryOf(request.path), id, attributes });
    },
  };
}

type Body = { readonly value: unknown } | { readonly status: number; readonly found: readonly Violation[] };

function readBody(request: SimulatorRequest, route: Route): Body {
  if (route.bodyOptional === true && bodyBytes(request.body) === 0) return { value: undefined };
  const parsed = parseJsonBody(request, [mediaType]);
  if ("violation" in parsed) {
    return { status: parsed.violation.field === "content-type" ? 415 : 400, found: [parsed.violation] };
  }
  if (!isRecord(parsed.value)) return { status: 400, found: [{ field: "body", reason: "is not an object" }] };
  const found = route.schema === undefined ? [] : violations(route.schema, parsed.value);
  return found.length === 0 ? { value: parsed.value } : { status: 422, found };
}
