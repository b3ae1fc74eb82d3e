import { type EndpointInput, type Issue, Secret } from "@tocsin/core";
import { z } from "zod";
import { isLinkLocal } from "@tocsin/http";

/** What targets of types have in common whose receiver may be anywhere. */
export const plainFields = {
  allow_link_local: z
    .boolean()
    .prefault(false)
    .describe("Allows link-local addresses and those of metadata services, also if a name resolves to them."),
};

/** What a plain target keeps besides. */
export interface PlainOwn {
  /** It says `allow_link_local`. */
  readonly anyAddress?: true;
}

/** Where the target is; undefined: an issue says why not. */
export function plainUrl({ url, typeOptions: own }: EndpointInput, complain: (issue: Issue) => void): URL | undefined {
  if (!url) {
    complain({ path: "url", message: "required: where the receiver is" });
    return undefined;
  }
  if (isLinkLocal(url.hostname) && !own["allow_link_local"]) {
    const message = "is a link-local, metadata or otherwise special address; allow_link_local: true allows it";
    complain({ path: "url", message });
  }
  return url;
}

export const plainOwn = ({ typeOptions: own }: EndpointInput): PlainOwn =>
  own["allow_link_local"] === true ? { anyAddress: true } : {};

/** The headers as written; an entry `token` beside the target is a bearer token where they say no `Authorization`. */
export function plainHeaders({ headers, siblingEntry: beside }: EndpointInput): Readonly<Record<string, Secret>> {
  const token = beside("token");
  if (!token || Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) return headers;
  return { ...headers, Authorization: new Secret(`Bearer ${token.reveal().replace(/^Bearer\s+/i, "")}`) };
}
