import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { runIn } from "./terminal.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-reload-"));
afterAll(() => rmSync(dir, { recursive: true }));

const reload = (service: TestService) =>
  runIn(dir, ["reload", "--url", `http://${formatAddress(service.tocsin.address)}`]);

/** Explanations and the list of alerts have this warning, because a target may be missing in them. */
async function expectWarned(service: TestService, warning: string): Promise<void> {
  const alerts = [{ status: "firing", fingerprint: "f", labels: { alertname: "A" } }];
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
  writeFileSync(join(dir, "alert.json"), '{"labels": {"alertname": "New"}}');
  const paths = ["explain?fingerprint=f", "explain?matcher=alertname%3DA", "alerts"];
  for (const path of paths) expect((await service.ask("GET", `/api/v1/${path}`)).body.warnings).toEqual([warning]);
  for (const command of ["explain f", "explain --matcher alertname=A", "explain --alert alert.json", "alerts list"]) {
    const url = `http://${formatAddress(service.tocsin.address)}`;
    const { stderr } = await runIn(dir, [...command.split(" "), "--url", url]);
    expect([command, stderr]).toEqual([command, `Warning: ${warning}\n`]);
  }
}

test("fails and names an unreadable directory of targets, until it can be read", async () => {
  const directory = join(dir, "targets");
  mkdirSync(directory);
  await using service = await startService(() => ({ discovery: { files: [directory] } }));
  expect(await reload(service)).toEqual({ code: 0, stdout: "The configuration was reloaded\n", stderr: "" });
  renameSync(directory, `${directory}-away`);
  expect(await reload(service)).toEqual({
    code: 1,
    stdout: "",
    stderr: `500: reload incomplete: not all places of targets could be read, everything else was applied
  discovery.files: ${directory}: no such directory. Targets that were found there last stay in use\n`,
  });
  expect((await service.ask("GET", "/readyz")).body.warnings).toEqual([
    "1 of 1 place of targets is unreadable: changes there are not seen",
  ]);
  await expectWarned(service, "1 of 1 place of targets is unreadable: changes there are not seen");
  renameSync(`${directory}-away`, directory);
  expect((await reload(service)).code).toBe(0);
});

test("fails for a directory that never existed, and the readiness probe warns of it", async () => {
  await using service = await startService(() => ({ discovery: { files: [join(dir, "nowhere")] } }));
  expect(await reload(service)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nowhere: no such directory"),
  });
  expect((await service.ask("GET", "/readyz")).body.warnings).toHaveLength(1);
});

test("names invalid targets of the file and unreadable places together", async () => {
  await using service = await startService();
  service.next = {
    ...(service.next as object),
    targets: [{ name: "broken", type: "pagerduty" }],
    discovery: { files: [join(dir, "nowhere")] },
  };
  const { code, stderr } = await reload(service);
  expect(code).toBe(1);
  expect(stderr).toContain("the invalid targets were not applied and not all places of targets could be read");
  expect(stderr).toMatch(/\n {2}targets\[0\]\.routing_key: .*\n {2}discovery\.files: /);
});

test("reads new files of a directory at once, and warns of those that are invalid", async () => {
  const directory = join(dir, "watched");
  mkdirSync(directory);
  await using service = await startService(() => ({ discovery: { files: [directory] } }));
  writeFileSync(join(directory, "a.json"), '{"name": "a", "type": "pagerduty"}');
  expect(await reload(service)).toEqual({
    code: 0,
    stdout: "The configuration was reloaded\n",
    stderr: "Warning: 1 of 2 targets is invalid\n",
  });
});

test("says that a service without a configuration file has nothing to reload", async () => {
  await using service = await startService(() => ({}), { hasFile: false });
  expect(await reload(service)).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^409: the service was started without a configuration file. Create tocsin.yaml/),
  });
  await service.tocsin.reload();
  expect(service.logs.join("")).toContain("nothing_to_reload");
});

test("the list of targets and the readiness probe warn of a failed reload", async () => {
  await using service = await startService(undefined, { file: "etc/tocsin.yaml" });
  service.next = { ...(service.next as object), delivery: { remind: 5 } };
  expect((await reload(service)).code).toBe(1);
  const warning =
    "the last reload of the configuration failed or was incomplete: see `tocsin config check --config etc/tocsin.yaml`";
  const listed = await runIn(dir, ["targets", "list", "--url", `http://${formatAddress(service.tocsin.address)}`]);
  expect(listed.stderr).toBe(`Warning: ${warning}\n`);
  await expectWarned(service, warning);
  expect((await service.ask("GET", "/readyz")).body.warnings).toEqual([warning]);
  for (const command of ["show", "test"]) {
    const url = `http://${formatAddress(service.tocsin.address)}`;
    const { stderr } = await runIn(dir, ["targets", command, "added-since", "--url", url]);
    expect(stderr).toBe(`404: no such target; ${warning}\n`);
  }
});
