import type { FastifyRequest } from "fastify";
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate, inflateRaw } from "node:zlib";
import { badRequest, Problem } from "./problem.ts";

const decompress = { gzip: promisify(gunzip), zlib: promisify(inflate), deflate: promisify(inflateRaw) };

/**
 * Reads, checks and decompresses the body of a request. `maxBytes` limits both the received and the decompressed size.
 *
 * @throws Problem 400, 413 or 415, or that of the endpoint's check
 */
export async function readRequestBody(
  request: FastifyRequest,
  payload: IncomingMessage,
  maxBytes: number,
): Promise<Buffer> {
  const encoding = encodingOf(request);
  if (Number(request.headers["content-length"]) > maxBytes) throw tooLarge();
  const body = await collect(payload, maxBytes);
  request.routeOptions.config.checkBody?.(request, body);
  return encoding === undefined || body.length === 0 ? body : decoded(body, encoding, maxBytes);
}

/** Undefined: the body is not compressed. */
function encodingOf({ headers }: FastifyRequest): "gzip" | "deflate" | undefined {
  const [encoding, ...others] = (headers["content-encoding"] ?? "")
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "" && word !== "identity");
  if (encoding === undefined) return undefined;
  if (others.length === 0 && (encoding === "gzip" || encoding === "x-gzip")) return "gzip";
  if (others.length === 0 && encoding === "deflate") return "deflate";
  throw new Problem(415, "unsupported_encoding", "the body must be uncompressed, or compressed with gzip or deflate", {
    headers: { "accept-encoding": "gzip, deflate" },
  });
}

function collect(payload: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    payload.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        payload.removeAllListeners("data");
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    payload.once("end", () => resolve(Buffer.concat(chunks, length)));
    payload.once("error", () => reject(badRequest({ path: "", message: "the connection ended within the body" })));
  });
}

async function decoded(body: Buffer, encoding: "gzip" | "deflate", maxBytes: number): Promise<Buffer> {
  try {
    return await decompress[encoding === "gzip" ? "gzip" : isZlib(body) ? "zlib" : "deflate"](body, {
      maxOutputLength: maxBytes,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw badRequest({ path: "", message: `the body is not valid ${encoding}` });
  }
}

/** HTTP's deflate is the zlib format (RFC 9110, section 8.4.1.2), but some clients send bare deflate data. */
const isZlib = (body: Buffer): boolean => body.length > 1 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;

const tooLarge = (): Problem => new Problem(413, "body_too_large", "the request body is too large");
