import { z } from "zod";

/**
 * An http or https URL without credentials in it: they would show up wherever the URL does.
 * Whether plain http is allowed depends on the host, see `isLoopback` of @tocsin/http.
 */
export const targetUrl: z.ZodType<URL, string> = z.string().transform((text, context) => {
  const problem = problemOf(text.trim());
  if (!problem) return new URL(text.trim());
  context.issues.push({ code: "custom", message: problem, input: text });
  return z.NEVER;
});

function problemOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'expected a URL such as "https://events.pagerduty.com"';
  if (url.username || url.password) return "must not hold a user name or password; put them into headers";
  if (url.hash) return "must not have a fragment";
  return undefined;
}
