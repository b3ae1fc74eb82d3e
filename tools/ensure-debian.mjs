// The tests speak with Debian's Prometheus and Alertmanager, watch system calls with strace, render manifests with kubectl,
// judge the unit with systemd-analyze, render the Helm chart with Go and sprig, check completion scripts with zsh and fish, and use the web page in Chromium. As root
// on Debian, with CI or TOCSIN_TEST_INSTALL set, the packages are installed here; elsewhere the tests that need them say that they are
// skipped.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const wanted = {
  prometheus: "/usr/bin/prometheus",
  "prometheus-alertmanager": "/usr/bin/prometheus-alertmanager",
  strace: "/usr/bin/strace",
  "kubernetes-client": "/usr/bin/kubectl",
  // The image contains its authorities.
  "ca-certificates": "/usr/share/ca-certificates/mozilla",
  systemd: "/usr/bin/systemd-analyze",
  "golang-go": "/usr/bin/go",
  "golang-github-masterminds-sprig-dev": "/usr/share/gocode/src/github.com/Masterminds/sprig",
  chromium: "/usr/bin/chromium",
  zsh: "/usr/bin/zsh",
  fish: "/usr/bin/fish",
  "golang-k8s-sigs-yaml-dev": "/usr/share/gocode/src/sigs.k8s.io/yaml",
};
const missing = Object.keys(wanted).filter((name) => !existsSync(wanted[name]));
if (missing.length > 0) {
  const asked = process.env.CI || process.env.TOCSIN_TEST_INSTALL;
  if (asked && existsSync("/usr/bin/apt-get") && process.getuid?.() === 0) {
    console.error(`Installing ${missing.join(", ")} for the tests…`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [
      ["update", "-qq"],
      ["install", "-y", "-qq", "--no-install-recommends", ...missing],
    ]) {
      const { status } = spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env });
      if (status !== 0) console.error(`apt-get ${args[0]} failed with ${status}.`);
    }
  } else {
    console.error(
      `Not installed: ${missing.join(", ")}. The tests that need them will be skipped (TOCSIN_TEST_INSTALL=1 as root on Debian installs them).`,
    );
  }
}
