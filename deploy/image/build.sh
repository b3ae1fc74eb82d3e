#!/bin/sh
# Builds images with buildah, without a daemon: deploy/image/build.sh [ARCHITECTURE...] (default: that of this machine)
# Needs root, or a user namespace; Debian's apt-get and dpkg-deb; and `npm ci`. Images: out/ARCHITECTURE/tocsin.tar.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${OUT:-$here/out}
export PATH="$root/node_modules/.bin:$PATH" BUILDAH_ISOLATION=chroot STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}"
version=$(node -p 'require(process.argv[1]).version' "$root/apps/tocsin/package.json")
(cd "$root" && npm run -s build -w tocsin)
for arch in "${@:-$(dpkg --print-architecture)}"; do
  node "$here/stage.ts" --arch "$arch" --out "$out/$arch"
  # Docker's format would hold the random id of the container that buildah uses. OCI has no HEALTHCHECK: README.md has the option.
  image=$(buildah build --quiet --format oci --timestamp 0 --platform "linux/$arch" --file "$here/Dockerfile" "$out/$arch")
  buildah push --quiet "$image" "oci-archive:$out/$arch/tocsin.tar:tocsin:$version"
  echo "$arch image sha256:$image"
done
