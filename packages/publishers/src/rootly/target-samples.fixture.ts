import type { TargetSamples } from "../../test/target-samples.ts";

export const targetSamples: TargetSamples = {
  target: (url) => ({ url, api_key: "rootly_0123456789abcdef" }),
  compatible: {
    "with a key": (url) => ({ url, api_key: "rootly_0123456789abcdef" }),
  },
  keepsIncidents: true,
  identities: [
    [
      { api_key: "rootly_1" },
      [
        [{ url: "https://proxy.example.com" }, "endpoint access"],
        [{ headers: { "X-Proxy": "a" } }, "access"],
        [{ api_key: "rootly_2" }, "endpoint access credential"],
      ],
    ],
  ],
};
