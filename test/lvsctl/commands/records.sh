# Run by records.test.ts in network and mount namespaces of its own, with cases: `NAME ARGUMENTS…`
# Prints for each its name and what went wrong, nothing when all is well. `lvsctl` is carried out in
# the process of test/support/oneshell.cjs; `program` has one of its own: to be killed, limited, or
# beside another.
set -u
functions=$1 directory=$2 root=$3
shift 3
. "$functions"
program() { "$root/bin/lvsctl" "$@"; }
cd "$directory" || exit
mount -t tmpfs -o size=1m tmpfs /run
ip -batch - <<'END'
link set lo up
link add eth0 type veth peer name p0
link add eth1 type veth peer name p1
END
for link in eth0 p0 eth1 p1; do
  echo 1 >/proc/sys/net/ipv6/conf/$link/disable_ipv6
done
ip -batch - <<'END'
link set eth0 up
link set p0 up
link set eth1 up
link set p1 up
addr add 203.0.113.1/24 dev eth0
addr add 198.51.100.1/24 dev eth1
END

state() {
  ip -o addr show | sort
  grep -rs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf | grep -E 'forward|redirects'
  cat table.json
}
ipvsadm --set 900 120 300
state >before

# expect_before WHAT: the machine is as it was, and nothing is left but the file of the lock
expect_before() {
  state >now
  cmp -s before now || { echo "$1: the machine is not as before"; diff before now; }
  left=$(find /run/lvsctl -type f ! -name busy 2>/dev/null)
  [ -z "$left" ] || echo "$1: left: $left"
}

play() {
  case=$1
  shift
  case $case in
  fsize)
    for size in "$@"; do
      # a pipe, since the limit would also be that of a file of the output
      out=$(prlimit --fsize="$size" "$root/bin/lvsctl" director up -q d.yaml 2>&1)
      status=$?
      case $status in
      0) ;;
      2) expect_before "up with $size bytes" ;;
      *) echo "up with $size bytes: status $status, $out" ;;
      esac
      out=$(prlimit --fsize="$size" "$root/bin/lvsctl" director down -q d.yaml 2>&1) ||
        echo "down with $size bytes: $out"
      expect_before "down with $size bytes"
      rm -rf /run/lvsctl
    done
    ;;
  tmpfs)
    mkdir -p state
    for filler in "$@"; do
      mount -t tmpfs -o size=4k tmpfs state
      chmod 700 state
      # a file system of one page: what is in the way decides where it is full
      lvsctl director up -q --state-dir "$directory/state" d.yaml >out 2>&1
      status=$?
      [ $status = 0 ] || expect_before "up on a full disk ($status)"
      head -c "$filler" /dev/zero >state/filler 2>/dev/null
      lvsctl director down -q --state-dir "$directory/state" d.yaml >out 2>&1 ||
        { echo "down on a full disk: status $?"; cat out; }
      expect_before 'down on a full disk'
      umount state
    done
    ;;
  inodes)
    mkdir -p state
    mount -t tmpfs -o nr_inodes=6 tmpfs state
    chmod 700 state
    lvsctl director up -q --state-dir "$directory/state" d.yaml || echo "up: status $?"
    i=0
    while : 2>/dev/null >state/filler$i; do i=$((i + 1)); done 2>/dev/null
    lvsctl director down -q --state-dir "$directory/state" d.yaml || echo "down: status $?"
    expect_before 'down without inodes'
    umount state
    ;;
  pairs)
    for _ in $(seq "$1"); do
      program director up -q d.yaml & first=$!
      program director up -q two.yaml & second=$!
      wait $first || echo "up: status $?"
      wait $second || echo "up: status $?"
      lvsctl director status d.yaml >out || { echo 'd.yaml is not up'; cat out; }
      lvsctl director down -q d.yaml 2>/dev/null || echo "down: status $?"
      lvsctl director status two.yaml >out || { echo 'two.yaml has lost something'; cat out; }
      lvsctl director down -q two.yaml || echo "down: status $?"
      expect_before 'two files side by side'
    done
    ;;
  kills)
    count=$(($2 - $1 + 1))
    begin=$(date +%s%N)
    program director up -q --force d.yaml || echo "up: status $?"
    whole=$((($(date +%s%N) - begin) / 1000))
    lvsctl director down -q d.yaml || echo "down: status $?"
    hit=0
    for i in $(seq "$1" "$2"); do
      [ $((i % 3)) = 0 ] && lvsctl director up -q --force d.yaml
      verb=up
      [ $((i % 3)) = 0 ] && verb=down
      at=$((whole * 2 / 5 + (RANDOM * 32768 + RANDOM) % (whole * 4 / 5)))
      force=$([ $verb = up ] && echo --force)
      node "$root/bin/lvsctl" director $verb -q $force d.yaml 2>/dev/null &
      sleep "$((at / 1000000)).$(printf %06d $((at % 1000000)))"
      kill -9 $! 2>/dev/null && hit=$((hit + 1))
      wait $! 2>/dev/null
      if [ $((i % 2)) = 0 ]; then
        lvsctl director up -q --force d.yaml || echo "kill $i: up: status $?"
        lvsctl director status d.yaml >out || { echo "kill $i: not up"; cat out; }
      fi
      lvsctl director down -q d.yaml 2>out || { echo "kill $i: down: status $?"; cat out; }
      expect_before "kill $i of $verb after $at us"
    done
    [ "$hit" -ge $((count / 4)) ] || echo "only $hit of $count were killed"
    ;;
  renamed)
    lvsctl director up -q d.yaml
    ip link set eth0 down; ip link set eth0 name lan0; ip link set lan0 up
    lvsctl director down d.yaml 2>&1 | grep -E 'lan0'
    ip link set lan0 down; ip link set lan0 name eth0; ip link set eth0 up
    expect_before 'down with another name'
    ;;
  unsafe)
    lvsctl director up -q d.yaml
    record=$(ls /run/lvsctl/*/*.journal)
    folder=$(dirname "$record")
    cp "$record" saved
    down() { lvsctl director down d.yaml; echo $?; }
    rm "$record"; mkfifo "$record"; down
    rm "$record"; mkdir "$record"; down
    rmdir "$record"; ln -s "$directory/saved" "$record"; down
    rm "$record"; cp saved "$record"; chown 65534 "$record"; down
    chown 0 "$record"; chmod 660 "$record"; down
    chmod 600 "$record"; chmod 777 "$folder"; down
    chmod 700 "$folder"; chown 65534 "$folder"; down
    chown 0 "$folder"; mount -o remount,ro /run; down
    mount -o remount,rw /run
    ;;
  *) echo "no such case" ;;
  esac
}
for words in "$@"; do
  echo "== ${words%% *}"
  play $words
  rm -rf /run/lvsctl
done
