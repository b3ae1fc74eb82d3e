import type { TargetSamples } from "../../test/target-samples.ts";

const key = "0123456789abcdef0123456789ABCDEF";
const authorization = (value: string) => ({ headers: { Authorization: value } });

export const targetSamples: TargetSamples = {
  target: (url) => ({ url, routing_key: key }),
  compatible: {
    "without a key, at a proxy": (url) => ({ url: `${url}/pagerduty` }),
  },
  keepsIncidents: true,
  identities: [
    [
      { routing_key: key },
      [
        [{ region: "eu" }, "endpoint access"],
        [{ url: "https://proxy.example.com" }, "endpoint access"],
        [{ headers: { "X-Proxy": "a" } }, "access"],
        [{ routing_key: "x".repeat(32) }, "endpoint access credential"],
        [{ name: "other", timeout: "1s", filters: { severity: "info" }, template: { summary: "s" } }, ""],
        [{ enabled: false }, ""],
        [{ mode: "shadow", rate_limit: { limit: 1, per: "24h" } }, ""],
      ],
    ],
    [
      { url: "https://proxy.example.com/pd" },
      [
        [{ url: "https://proxy.example.com/other" }, "endpoint access credential"],
        [authorization("Bearer team-a"), "access credential"],
        [{ headers: { "X-Team": "a" } }, "access credential"],
        [{ routing_key: key }, "endpoint access credential"],
      ],
    ],
  ],
};
