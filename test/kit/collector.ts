import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const hex = (length: number) => z.string().regex(new RegExp(`^(?!0+$)[0-9a-f]{${length}}$`));
/** Nanoseconds since epoch: a text, because JavaScript has no such numbers. */
const nanoseconds = z.string().regex(/^\d{19}$/);
const value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.int() }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value }));

/** OTLP in JSON: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
const request = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource: z.strictObject({ attributes, droppedAttributesCount: z.literal(0).optional() }),
        schemaUrl: z.string().optional(),
        scopeSpans: z.array(
          z.strictObject({
            scope: z.strictObject({ name: z.literal("tocsin"), version: z.string() }),
            schemaUrl: z.string().optional(),
            spans: z
              .array(
                z.strictObject({
                  traceId: hex(32),
                  spanId: hex(16),
                  parentSpanId: hex(16).optional(),
                  flags: z.int().optional(),
                  name: z.string().min(1),
                  kind: z.int().min(1).max(5),
                  startTimeUnixNano: nanoseconds,
                  endTimeUnixNano: nanoseconds,
                  attributes,
                  droppedAttributesCount: z.literal(0),
                  events: z.tuple([]),
                  droppedEventsCount: z.literal(0),
                  status: z.strictObject({ code: z.int().min(0).max(2) }),
                  links: z.array(
                    z.strictObject({
                      traceId: hex(32),
                      spanId: hex(16),
                      attributes: z.tuple([]).optional(),
                      droppedAttributesCount: z.literal(0).optional(),
                      flags: z.int().optional(),
                    }),
                  ),
                  droppedLinksCount: z.literal(0),
                }),
              )
              .min(1),
          }),
        ),
      }),
    )
    .min(1),
});

/** A span as a collector received it. */
export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Attributes of the process that sent it. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** Trace ids. */
  readonly links: readonly string[];
}

type Respond = (response: ServerResponse) => void;

const accept: Respond = (response) =>
  void response.writeHead(200, { "content-type": "application/json" }).end('{"partialSuccess":{}}');

/** An OpenTelemetry collector that accepts OTLP over HTTP in JSON, strictly. */
export class Collector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  /** Requests that were no valid OTLP, with the reason. */
  readonly invalid: string[] = [];
  /** The bodies of all requests. */
  text = "";
  /** Requests so far. */
  count = 0;
  respond: Respond = accept;
  readonly #server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      this.count++;
      this.text += `${body}\n`;
      this.authorization = incoming.headers.authorization;
      if (incoming.headers["traceparent"] !== undefined) this.invalid.push("the export itself is traced");
      if (incoming.method !== "POST" || !incoming.url?.endsWith("/v1/traces"))
        this.invalid.push(`${incoming.method} ${incoming.url}`);
      if (this.respond === accept) this.#read(body);
      this.respond(response);
    });
  });
  /** The header of the last request. */
  authorization: string | undefined;

  static async open(port = 0): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(port, "127.0.0.1", resolve));
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The spans of a trace, in the order of their starts. */
  trace(traceId: string): CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId).toSorted((a, b) => a.startMs - b.startMs);
  }

  #read(body: string): void {
    const parsed = request.safeParse(JSON.parse(body));
    if (!parsed.success) return void this.invalid.push(z.prettifyError(parsed.error));
    for (const { resource, scopeSpans } of parsed.data.resourceSpans)
      for (const { spans } of scopeSpans)
        for (const span of spans)
          this.spans.push({
            name: span.name,
            traceId: span.traceId,
            spanId: span.spanId,
            parentSpanId: span.parentSpanId,
            startMs: Number(span.startTimeUnixNano) / 1e6,
            endMs: Number(span.endTimeUnixNano) / 1e6,
            failed: span.status.code === 2,
            attributes: valuesOf(span.attributes),
            resource: valuesOf(resource.attributes),
            links: span.links.map(({ traceId }) => traceId),
          });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const valuesOf = (list: z.output<typeof attributes>): Record<string, unknown> =>
  Object.fromEntries(list.map(({ key, value: of }) => [key, Object.values(of)[0]]));
