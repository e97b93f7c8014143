#!/bin/bash
# Recipes of npm out of the pages, each with what must be true after it. run.sh runs it in a Debian.
set -euo pipefail
cd /root/lvs-cli
guide=docs/guide/install.md
. /root/library.sh

same_recipe() { [ "$(recipe README.md 'Install on a director' "$1" | sed 's/ *#.*//')" = "$(recipe "$guide" "$2" "$3")" ]; }

check 'README and guide install alike' same_recipe 1 npm 1
check 'README and guide divert alike' same_recipe 2 'Debian, Ubuntu' 1
check 'README and guide undo alike' same_recipe 3 'Debian, Ubuntu' 2
undo_install=$(recipe "$guide" npm 3)
warm=$(recipe "$guide" npm 2)
divert=$(recipe "$guide" 'Debian, Ubuntu' 1) undo_divert=$(recipe "$guide" 'Debian, Ubuntu' 2)
redhat=$(recipe "$guide" 'Red Hat, Fedora, SUSE' 1) undo_redhat=$(recipe "$guide" 'Red Hat, Fedora, SUSE' 2)
switch=$(recipe "$guide" 'To switch back and forth' 1) undo_switch=$(recipe "$guide" 'To switch back and forth' 2)
units=$(recipe "$guide" 'systemd units' 1) undo_units=$(recipe "$guide" 'systemd units' 2)

check "before: /usr/sbin/ipvsadm is Debian's" is_c_tool /usr/sbin/ipvsadm
play "$(recipe README.md 'Install on a director' 1)"
check 'no warning' sh -c '! grep -i warn /tmp/played'
prefix=$(npm prefix -g)
installed=$(npm root -g)/lvs-cli
check 'a copy, no link' [ ! -L "$installed" ]
check 'netlink is beside it, and none of what is bundled' \
  sh -c 'ls "$1/../netlink/package.json" "$1/node_modules/netlink/package.json" 2>/dev/null | grep -q . && ! find "$1" "$1/.." -path "*/npm" -prune -o -name commander -print | grep .' sh "$installed"
check 'the licences are there' grep -q '^commander ' "$installed/dist/THIRD-PARTY-NOTICES"
mv /root/lvs-cli /root/gone && mkdir /root/lvs-cli
for program in lvsctl lvs-cli; do check "$program runs without the checkout" "$program" --version; done
for program in ipvsadm ipvsadm-save ipvsadm-restore; do
  check "$program is installed" test -x "$prefix/bin/$program"
done
check 'it is our ipvsadm' is_ours "$prefix/bin/ipvsadm"
check 'a table file works' env LVS_BACKEND=file:/tmp/t "$prefix/bin/ipvsadm" -A -t 192.0.2.1:80 -s rr
check 'the kernel is asked through netlink' \
  sh -c '"$1" -Ln 2>&1 | grep -q "^IP Virtual Server version\|Protocol not available"' sh "$prefix/bin/ipvsadm"
check 'a unit finds lvsctl' as_unit /usr/bin/env lvsctl --version
rmdir /root/lvs-cli && mv /root/gone /root/lvs-cli

check 'npm links the manual' test -L "$prefix/share/man/man8/lvsctl-monitor.8"
check 'man finds it' sh -c 'man -w 8 lvsctl && man -w 5 lvsctl.yaml'
check 'our ipvsadm(8), beside that of the C tool' \
  sh -c 'man "$1/share/man/man8/ipvsadm.8" | grep -q "lvsctl(8)"' sh "$prefix"
check 'bash completion' bash -c 'source <(lvsctl completion bash) && complete -p ipvsadm'

# without root and without IPVS: what npx does with the package of the registry
tarball=$(npm pack --silent --ignore-scripts --pack-destination /opt)
as_nobody() {
  mkdir -p /tmp/nobody && chown 65534:65534 /tmp/nobody
  (cd /tmp/nobody && setpriv --reuid 65534 --regid 65534 --clear-groups \
    env HOME=/tmp/nobody LVS_BACKEND=file:/tmp/nobody/t.json npm_config_update_notifier=false "$@")
}
check 'npx lvs-cli, not root' as_nobody npx --yes "file:/opt/$tarball" --version
check 'npx -p lvs-cli ipvsadm, not root, adds' \
  as_nobody npx --yes -p "file:/opt/$tarball" ipvsadm -A -t 192.0.2.1:80 -s rr
check 'and lists' sh -c 'grep -q "TCP  192.0.2.1:80 rr"' < <(as_nobody npx --yes -p "file:/opt/$tarball" ipvsadm -Ln 2>&1)

play "$warm"
check 'a code cache for this Node' test -s "$installed/dist/ipvsadm.$(node --version).cache"
check 'ipvsadm with its cache' is_ours "$prefix/bin/ipvsadm"

play "$divert"
check '/usr/sbin/ipvsadm is ours' is_ours /usr/sbin/ipvsadm
check '/sbin/ipvsadm is ours' is_ours /sbin/ipvsadm
check 'so is a typed one' is_ours "$(PATH=$PATH command -v ipvsadm)"
check "ipvsadm.c is Debian's" is_c_tool /usr/sbin/ipvsadm.c
check 'ipvsadm-save of Debian goes to ours' env LVS_BACKEND=memory /sbin/ipvsadm-save
check 'an update of the package' dpkg -i /var/cache/apt/archives/ipvsadm_*.deb
check 'leaves ours in its place' is_ours /usr/sbin/ipvsadm
check "and ipvsadm.c Debian's" is_c_tool /usr/sbin/ipvsadm.c
play "$undo_divert"
check "undone: Debian's again" is_c_tool /usr/sbin/ipvsadm
check 'and nothing beside it' absent /usr/sbin/ipvsadm.c
check 'dpkg finds its files unchanged' sh -c '! dpkg --verify ipvsadm | grep .'
check 'no diversion is left' sh -c '! dpkg-divert --list | grep ipvsadm'

play "$redhat"
check 'Red Hat: ours' is_ours /usr/sbin/ipvsadm
check 'Red Hat: the C tool beside it' is_c_tool /usr/sbin/ipvsadm.c
play "$undo_redhat"
check 'Red Hat, undone: the C tool' is_c_tool /usr/sbin/ipvsadm
check 'Red Hat, undone: nothing beside it' absent /usr/sbin/ipvsadm.c

play "$switch"
check 'alternatives: ours' is_ours /usr/sbin/ipvsadm
check 'alternatives: switched' update-alternatives --set ipvsadm /usr/sbin/ipvsadm.c
check 'alternatives: the C tool' is_c_tool /usr/sbin/ipvsadm
play "$undo_switch"
check 'alternatives, undone: the C tool' is_c_tool /usr/sbin/ipvsadm
check 'alternatives, undone: nothing left' absent /etc/alternatives/ipvsadm
check 'dpkg finds its files unchanged' sh -c '! dpkg --verify ipvsadm | grep .'

# no systemd runs here: systemctl changes files alone
export SYSTEMD_OFFLINE=1
play "$units"
check 'the unit is enabled' test -e /etc/systemd/system/multi-user.target.wants/lvs-rules.service
check 'systemd reads the units' sh -c 'cd /etc/systemd/system && ! systemd-analyze verify --man=no lvs*.service 2>&1 | grep /lvs'
play "$undo_units"
check 'no unit is left' sh -c '! ls /etc/systemd/system/lvs* /etc/systemd/system/*.wants/lvs* 2>/dev/null | grep .'

export LVS_BACKEND=file:/tmp/kept.json
"$prefix/bin/ipvsadm" -A -t 192.0.2.7:80 -s wrr
echo '-A -t 192.0.2.8:80 -s rr' >/etc/ipvsadm.rules
kept() { cat /tmp/kept.json /etc/ipvsadm.rules | cksum; }
before=$(kept)
play "$(recipe README.md 'Install on a director' 1)"
check 'an update leaves table and rule file alone' test "$(kept)" = "$before"
play "$undo_install"
check 'so does the removal' test "$(kept)" = "$before"
check 'no page of the manual is left' absent "$prefix/share/man/man8/lvsctl.8"
check 'nothing of the package is left' absent "$installed"
for program in ipvsadm ipvsadm-save ipvsadm-restore lvsctl lvs-cli; do
  check "no $program" absent "$prefix/bin/$program"
done

report
