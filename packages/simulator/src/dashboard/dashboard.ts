import { createHash } from "node:crypto";
import type { SimulatorAnswer } from "../server/exchange.ts";
import { dashboardScript } from "./dashboard-script.ts";
import { dashboardStyle } from "./dashboard-style.ts";

const digest = (source: string): string => `'sha256-${createHash("sha256").update(source).digest("base64")}'`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tocsin simulator</title>
<link rel="icon" href="data:,">
<style>${dashboardStyle}</style>
</head>
<body>
<header>
<h1>Tocsin simulator</h1>
<p id="state" role="status">Connecting …</p>
</header>
<main>
<section aria-labelledby="incidents-title">
<h2 id="incidents-title">Incidents</h2>
<p id="incidents-none">None yet. Send an event to <code>/v2/enqueue</code>.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="incidents-title">
<table id="incidents" hidden>
<thead><tr><th scope="col">Status</th><th scope="col">Severity</th><th scope="col">Summary</th><th scope="col">Receiver</th><th scope="col">Dedup key</th><th scope="col">Opened</th><th scope="col">Events</th><th scope="col">As a person</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
<section aria-labelledby="refused-title">
<h2 id="refused-title">Refused requests</h2>
<p id="refused-none">None.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="refused-title">
<table id="refused" hidden>
<thead><tr><th scope="col">At</th><th scope="col">Receiver</th><th scope="col">Status</th><th scope="col">Field</th><th scope="col">Reason</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
<section aria-labelledby="others-title">
<h2 id="others-title">Changes and messages</h2>
<p id="others-none">None.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="others-title">
<table id="others" hidden>
<thead><tr><th scope="col">At</th><th scope="col">Receiver</th><th scope="col">Text</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
</main>
<script>${dashboardScript}</script>
</body>
</html>
`;

const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${digest(dashboardScript)}`,
  `style-src ${digest(dashboardStyle)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The dashboard for people: one HTML document without other files. */
export const dashboard = (): SimulatorAnswer => ({
  status: 200,
  headers: {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": contentSecurityPolicy,
    "x-content-type-options": "nosniff",
  },
  body: html,
});
