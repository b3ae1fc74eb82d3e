import { expect, test } from "vitest";
import { readConfig } from "../config/config.ts";
import { welcome } from "./welcome.ts";

const config = readConfig({}, { dir: "/srv", env: {} });
const start = { config, address: { host: "127.0.0.1", port: 9877 }, targets: [], simulatorUrl: undefined };

test("with the built-in simulator, the text begins with the warning that no one is paged, and names first steps", () => {
  const text = welcome({ ...start, simulatorUrl: "http://127.0.0.1:9878" });
  expect(text.trimStart()).toMatch(/^NO ONE IS PAGED/);
  const curls = Array.from(text.matchAll(/curl (\S+) -d '(\{.*\})'/g), ([, url, body]) => [url, JSON.parse(body!)]);
  expect(curls).toMatchObject([
    ["http://127.0.0.1:9877/api/v1/webhook/alertmanager", { alerts: [{ status: "firing" }] }],
    ["http://127.0.0.1:9877/api/v1/webhook/alertmanager", { alerts: [{ status: "resolved" }] }],
  ]);
  expect(text).toContain("curl http://127.0.0.1:9878/_sim/incidents");
  expect(text).toMatch(/explain\?fingerprint=[0-9a-f]{16}'/);
  expect(text).toContain("ledger    /srv/data/tocsin.db");
});

test("names targets with their state, and says so if there is none", () => {
  const entry = {
    name: "pager",
    source: "config",
    place: "targets[0]",
    ownsName: false,
    definition: { place: "targets[0]", input: {} },
    errors: [{ path: "", message: "" }],
    warnings: [],
    target: undefined,
    inForce: "nothing" as const,
  };
  expect(welcome({ ...start, targets: [entry] })).toContain("target    pager: invalid");
  expect(welcome(start)).toContain("NO ONE IS PAGED");
});

test.each(["::", "0.0.0.0"])("shows an address of every interface (%s) as one that clients can use", (host) => {
  expect(welcome({ ...start, address: { host, port: 80 } })).toContain("http://localhost:80");
});

test("names the places of targets, because they may not be read yet", () => {
  const discovery = { files: ["./targets"], kubernetes: { enabled: true, namespaces: ["shop"] } };
  const text = welcome({ ...start, config: readConfig({ discovery }, { dir: "/srv", env: {} }) });
  expect(text).toContain("targets   from files in targets\n  targets   from Secrets in namespace shop");
  expect(text).not.toContain("NOBODY");
});
