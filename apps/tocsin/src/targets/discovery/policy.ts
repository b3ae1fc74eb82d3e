import { targetTypes } from "@tocsin/publishers";
import { z } from "zod";

const [firstType = "", ...otherTypes] = targetTypes.map(({ type }) => type);

const host = z
  .string()
  .regex(/^[^\s/:]+$|^[0-9A-Fa-f:.*]+$/, 'expected a host such as "*.example.com", without scheme, port and path')
  .transform((glob) => glob.toLowerCase());

/** Decides which targets may be used. The defaults apply to targets from Secrets. */
export const targetPolicy = z.strictObject({
  types: z
    .array(z.enum(["all", firstType, ...otherTypes]))
    .min(1, "expected at least one type, or all")
    .default(["all"])
    .describe("Types that are allowed; `all`, or a list."),
  hosts: z
    .array(host)
    .min(1, 'expected at least one host, or "*"')
    .prefault(["*"])
    .describe("Hosts that are allowed; `*` matches any text, as in `*.example.com`."),
  allowPrivate: z.boolean().default(true).describe("Allows addresses of private networks."),
  allowLoopback: z
    .boolean()
    .default(false)
    .describe("Allows addresses of this machine, also if a name resolves to them."),
  allowLinkLocal: z
    .boolean()
    .default(false)
    .describe("Allows `allow_link_local` in targets: link-local and metadata addresses."),
  allowInsecure: z
    .boolean()
    .default(false)
    .describe("Allows `allow_insecure` in targets: plain http to other machines."),
});

export type TargetPolicy = z.output<typeof targetPolicy>;

/** Applies to targets from Secrets when the configuration has no policy. */
export const secretsPolicy: TargetPolicy = targetPolicy.parse({});
