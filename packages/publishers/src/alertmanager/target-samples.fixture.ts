import type { TargetSamples } from "../../test/target-samples.ts";

const authorization = (value: string) => ({ headers: { Authorization: value } });

export const targetSamples: TargetSamples = {
  target: (url) => ({ url }),
  compatible: {
    "with a token": (url) => ({ url, headers: { Authorization: "Bearer token" } }),
  },
  keepsIncidents: true,
  identities: [
    [
      { url: "https://alertmanager.example.com" },
      [
        [{ url: "https://alertmanager.example.com/api/v2/alerts" }, ""],
        [{ url: "https://other.example.com" }, "endpoint access credential"],
        [authorization("Bearer a"), "access credential"],
        [{ headers: { "X-Scope-OrgID": "tenant" } }, "access credential"],
      ],
    ],
  ],
};
