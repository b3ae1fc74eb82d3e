import { z } from "zod";
import { type Network, parseNetwork } from "../http/sender-address.ts";

export const network = () =>
  z.string().transform((text, context): Network => {
    const parsed = parseNetwork(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: "custom",
      message: 'expected a network such as "10.0.0.0/8" or an address such as "10.0.0.7"',
      input: text,
    });
    return z.NEVER;
  });
