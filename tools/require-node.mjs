const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`Node ${process.version} is too old; run "npm ci" (it installs Node 26 into node_modules).`);
  process.exit(1);
}
