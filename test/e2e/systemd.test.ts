import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { hasTool } from "../../apps/tocsin/src/debian-tool.fixture.ts";
import { canTrace } from "../support/linux.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";
import { webhookAlert } from "../support/alerts.ts";

const unit = readFileSync(new URL("../../deploy/systemd/tocsin.service", import.meta.url), "utf8");
const setting = (name: string): string[] =>
  Array.from(unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm")), ([, value = ""]) => value);

// Descriptors that arrive beside a message are closed, as systemd does: systemd-notify waits for that.
const listener = `use IO::Socket::UNIX; use Socket; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
while (defined($socket->recv(my $message, 4096))) { print "$message\\n" }`;

/** Listens as systemd does, and prints everything that it receives. */
async function listen(socket: string): Promise<Child> {
  const systemd = new Child("/usr/bin/perl", ["-e", listener, socket]);
  await waitUntil("the socket is there", () => existsSync(socket) || !systemd.alive);
  expect(systemd.stderr).toBe("");
  return systemd;
}

const hasTools = hasTool("/usr/bin/perl", "perl-base") && hasTool("/usr/bin/systemd-notify", "systemd");

describe.skipIf(!hasTools)("with Type=notify the service", () => {
  test("reports that it is ready, that it reloads, and that it stops", async () => {
    using dir = tempDir();
    const socket = join(dir.path, "notify");
    await using systemd = await listen(socket);
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({
      config: { targets: [pagerduty.target()] },
      env: { NOTIFY_SOCKET: socket },
    });
    const states = () => systemd.stdout.match(/(READY|RELOADING|STOPPING)=1/g) ?? [];
    await waitUntil("it is ready", () => states().length === 1);
    await tocsin.webhook([webhookAlert("a", "firing")]);
    tocsin.process.signal("SIGHUP");
    await waitUntil("it has reloaded", () => states().length === 3);
    expect(await tocsin.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(states()).toEqual(["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]);
    expect(systemd.stdout).toMatch(/MONOTONIC_USEC=\d+/);
    expect(tocsin.output).not.toContain("systemd_not_notified");
  });

  test("goes on and warns if systemd does not listen", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({
      config: { targets: [pagerduty.target()] },
      env: { NOTIFY_SOCKET: "/nonexistent/notify" },
    });
    await waitUntil("it warns", () => tocsin.output.includes("systemd_not_notified"));
    await tocsin.webhook([webhookAlert("a", "firing")]);
    await waitUntil("the alert is delivered", () => pagerduty.incidents().length === 1);
    expect((await tocsin.stop("SIGTERM")).code).toBe(0);
  });
});

/** Names of system calls in a filter's set, such as `@system-service`; it contains other sets. */
function callsOf(set: string): string[] {
  const text = execFileSync("systemd-analyze", ["syscall-filter", set], { encoding: "utf8" });
  const members = text
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
  return members
    .filter((name) => name !== "" && !name.startsWith("#"))
    .flatMap((name) => (name.startsWith("@") ? callsOf(name) : [name]));
}

test.skipIf(!hasTools || !canTrace())(
  "the service works with the system calls and sockets that the unit allows",
  async () => {
    const [allowed = "", refused = ""] = setting("SystemCallFilter");
    const refusedCalls = new Set(refused.slice(1).split(" ").flatMap(callsOf));
    const allowedCalls = new Set(callsOf(allowed).filter((name) => !refusedCalls.has(name)));
    // strace does not know every call of every architecture: `?` leaves those out.
    const spoilt = callsOf("@known")
      .filter((name) => !allowedCalls.has(name))
      .map((name) => `?${name}`)
      .join(",");
    using dir = tempDir();
    await using pagerduty = await PagerDuty.open();
    const log = join(dir.path, "calls");
    const filter = ["-e", `trace=socket,${spoilt}`, "-e", `inject=${spoilt}:error=EPERM`];
    await using tocsin = await Service.start({
      config: { targets: [pagerduty.target()] },
      // With -D the process is the service itself, and strace its grandchild.
      through: ["strace", "-D", "-f", "-qq", "-o", log, ...filter],
    });
    await tocsin.webhook([webhookAlert("a", "firing")]);
    await waitUntil("the alert is delivered", () => pagerduty.incidents().length === 1);
    // It reads the addresses of this machine to recognize itself.
    const itself = { name: "itself", type: "webhook", url: `https://192.0.2.1:${tocsin.port}/` };
    tocsin.configure({ targets: [pagerduty.target(), itself] });
    tocsin.process.signal("SIGHUP");
    await waitUntil("it is reloaded", () => tocsin.output.includes("config_reload"));
    expect((await tocsin.stop("SIGTERM")).code).toBe(0);
    const families = new Set(
      Array.from(readFileSync(log, "utf8").matchAll(/socket\((AF_\w+)/g), ([, family]) => family),
    );
    expect(setting("RestrictAddressFamilies")[0]?.split(" ")).toEqual(expect.arrayContaining([...families]));
    expect(families).toContain("AF_NETLINK");
  },
);
