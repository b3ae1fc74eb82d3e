import { type EndpointInput, type Issue, Secret } from "@tocsin/core";
import { z } from "zod";
import { isLinkLocal } from "@tocsin/http";

/** The shared keys of target types whose receiver may be at any URL. */
export const genericTargetFields = {
  allow_link_local: z
    .boolean()
    .prefault(false)
    .describe("Allows link-local addresses and those of metadata services, also if a name resolves to them."),
};

/** The options of a generic target that are kept with its endpoint. */
export interface GenericTargetOptions {
  /** The target has `allow_link_local`. */
  readonly anyAddress?: true;
}

/** Returns the URL of the target. Undefined: an issue has the reason. */
export function genericTargetUrl(
  { url, typeOptions: own }: EndpointInput,
  complain: (issue: Issue) => void,
): URL | undefined {
  if (!url) {
    complain({ path: "url", message: "required: the URL of the receiver" });
    return undefined;
  }
  if (isLinkLocal(url.hostname) && !own["allow_link_local"]) {
    const message = "is a link-local, metadata or otherwise special address; allow_link_local: true allows it";
    complain({ path: "url", message });
  }
  return url;
}

export const genericTargetOptions = ({ typeOptions: own }: EndpointInput): GenericTargetOptions =>
  own["allow_link_local"] === true ? { anyAddress: true } : {};

/** Returns the headers as written. An entry `token` beside the target becomes a bearer token if they have no `Authorization`. */
export function genericTargetHeaders({
  headers,
  siblingEntry: beside,
}: EndpointInput): Readonly<Record<string, Secret>> {
  const token = beside("token");
  if (!token || Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) return headers;
  return { ...headers, Authorization: new Secret(`Bearer ${token.reveal().replace(/^Bearer\s+/i, "")}`) };
}
