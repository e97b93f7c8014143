#!/bin/bash
# Plays the install recipes of README.md and docs/guide/director.md in a Debian of their own, with
# the real npm and Debian's real ipvsadm package, and looks at what they leave. Needs root, network
# and debootstrap (installed when missing). The machine's own files are not touched.
#
# LVS_INSTALL_BASE=DIRECTORY keeps the Debian for the next run.
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
  PATH=$PATH:/usr/sbin:/sbin debootstrap --variant=minbase --include=ipvsadm,ca-certificates,systemd \
    bookworm "$base" "${LVS_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
    { tail -20 "$work/log" >&2; exit 1; }
  touch "$base/.complete"
fi

# This machine's Node and npm are the ones to install with; what is committed or changed is installed.
mkdir -p "$work/upper/usr/bin" "$work/upper/usr/lib/node_modules" "$work/upper/root/lvs-cli" \
  "$work/upper/etc/ssl/certs" "$work/overlay" "$work/root"
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
cp "$(readlink -f "$(command -v node)")" "$work/upper/usr/bin/node"
cp -r "$npm" "$work/upper/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/upper/usr/bin/npm"
git ls-files -z --cached --others --exclude-standard |
  xargs -0 -I{} sh -c '[ ! -e "$1" ] || printf "%s\0" "$1"' sh {} |
  tar --null -T - -c | tar -x -C "$work/upper/root/lvs-cli" --no-same-owner
cp -L /etc/resolv.conf "$work/upper/etc/resolv.conf"
# a proxy's certificate, where there is one
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
[ ! -e "$authorities" ] || cp -L "$authorities" "$work/upper/etc/ssl/certs/ca-certificates.crt"
cp test/install/inside.sh "$work/upper/root/inside.sh"

status=0
unshare --mount --pid --fork bash -euo pipefail -c '
  base=$1 work=$2
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
    ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} ${https_proxy:+https_proxy="$https_proxy"} \
    ${NO_PROXY:+NO_PROXY="$NO_PROXY"} ${no_proxy:+no_proxy="$no_proxy"} \
    bash /root/inside.sh
' sh "$base" "$work" || status=$?
exit "$status"
