#!/bin/bash
# Plays the install recipes of README.md and docs/guide in a Debian of their own, with the real npm,
# apt, dpkg and Debian's real ipvsadm package, and looks at what they leave. Needs root, network and
# debootstrap (installed when missing). The machine's own files are not touched.
#
# LVS_INSTALL_BASE=DIRECTORY keeps the Debian for the next run. LVS_INSTALL_NODES="FILE..." are
# further Nodes for the Debian package, for example those of CI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:install: needs root' >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
base=${LVS_INSTALL_BASE:-$work/base}

if [ ! -e "$base/.complete" ]; then
  command -v debootstrap >/dev/null ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
  echo "debian in $base"
  rm -rf --one-file-system "$base"
  PATH=$PATH:/usr/sbin:/sbin debootstrap --variant=minbase \
    --include=ipvsadm,ca-certificates,systemd,kmod,procps,man-db \
    bookworm "$base" "${LVS_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
    { tail -20 "$work/log" >&2; exit 1; }
  # apt knows the order of its Perl modules, debootstrap does not
  cp -L /etc/resolv.conf "$base/etc/resolv.conf"
  DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$base" \
    apt-get install -y -qq --no-install-recommends ldirectord >>"$work/log" 2>&1 ||
    { tail -20 "$work/log" >&2; exit 1; }
  touch "$base/.complete"
fi

npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
node=$(readlink -f "$(command -v node)")
# a proxy's certificate, where there is one
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}

# prepare NAME: the changes to the Debian in which a script runs.
prepare() {
  local upper=$work/$1/upper
  mkdir -p "$upper/usr/bin" "$upper/usr/lib/node_modules" "$upper/root" "$upper/etc/ssl/certs" \
    "$work/$1/overlay" "$work/$1/root"
  cp -L /etc/resolv.conf "$upper/etc/resolv.conf"
  [ ! -e "$authorities" ] || cp -L "$authorities" "$upper/etc/ssl/certs/ca-certificates.crt"
  cp test/install/inside/*.sh "$upper/root/"
}

# inside NAME: runs its script in its Debian.
inside() {
  unshare --mount --pid --fork bash -euo pipefail -c '
    base=$1 work=$2 name=$3
    mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/overlay" "$work/root"
    mount -t proc proc "$work/root/proc"
    mount -t tmpfs tmpfs "$work/root/dev"
    for device in null zero urandom; do
      touch "$work/root/dev/$device"; mount --bind "/dev/$device" "$work/root/dev/$device"
    done
    ln -s /proc/self/fd "$work/root/dev/fd"
    exec chroot "$work/root" /usr/bin/env -i HOME=/root TERM=dumb \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
      ${npm_config_registry:+npm_config_registry="$npm_config_registry"} \
      ${HTTP_PROXY:+HTTP_PROXY="$HTTP_PROXY"} ${http_proxy:+http_proxy="$http_proxy"} \
      ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} ${https_proxy:+https_proxy="$https_proxy"} \
      ${NO_PROXY:+NO_PROXY="$NO_PROXY"} ${no_proxy:+no_proxy="$no_proxy"} \
      bash "/root/$name.sh"
  ' sh "$base" "$work/$1" "$1"
}

status=0

printf '\n== npm, diversion, alternatives, units\n'
# This machine's Node and npm are the ones to install with; what is committed or changed is installed.
prepare npm
upper=$work/npm/upper
cp "$node" "$upper/usr/bin/node"
cp -r "$npm" "$upper/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$upper/usr/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$upper/usr/bin/npx"
mkdir "$upper/root/lvs-cli"
git ls-files -z --cached --others --exclude-standard |
  xargs -0 -I{} sh -c '[ ! -e "$1" ] || printf "%s\0" "$1"' sh {} |
  tar --null -T - -c | tar -x -C "$upper/root/lvs-cli" --no-same-owner
inside npm || status=1

printf '\n== Debian package\n'
prepare deb
upper=$work/deb/upper/root
npm run --silent deb -- --output "$upper"
cp docs/guide/install.md "$upper/"
if command -v lintian >/dev/null; then
  lintian --fail-on error "$upper"/lvs-cli_*.deb 2>&1 | { grep -v '^running with root' || :; }
  [ "${PIPESTATUS[0]}" = 0 ] || { echo 'FAILED  lintian'; status=1; }
else echo 'lintian is not installed: not run'; fi
# each Node as a package nodejs, since Debian 12's own is 18
for one in "$node" ${LVS_INSTALL_NODES:-}; do
  version=$("$one" --version | tr -d v)
  package=$work/nodejs
  rm -rf "$package" && mkdir -p "$package/DEBIAN" "$package/usr/bin"
  cp "$one" "$package/usr/bin/node"
  printf 'Package: nodejs\nVersion: %s-1test1\nArchitecture: %s\nMaintainer: test <test@localhost>\nDescription: Node of this test\n' \
    "$version" "$(dpkg --print-architecture)" >"$package/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone --build "$package" "$upper/nodejs_$version.deb" >/dev/null
done
inside deb || status=1

printf '\n== library\n'
test/install/library.sh || status=1

exit "$status"
