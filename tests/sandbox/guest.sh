# What tests/shown/sandbox/04_limit_modes runs as root in its virtual machine, in /given. In front
# of it stand mode=v2|v1, part=root|others (two machines share the work), only= (root's programs of
# this machine), slow= and user_slow= (more options for the suite), DAEMONZ_ROUNDS=.
# First the kernel's release; "--- NAME" begins a part.
# Exit 1: a suite or a test has failed; any other: not so far.
tree=/sys/fs/cgroup
worst=0
suite="./sandbox-probes --programs programs --sources sources --limits $mode"
as_user="setpriv --reuid guest --regid 1000 --clear-groups"
run_in() { # run_in GROUP COMMAND..
  sh -c 'echo $$ >"$0"/cgroup.procs && exec "$@"' "$@"
}

cat /proc/sys/kernel/osrelease
echo "--- root"
$suite $slow --only $only || worst=1
[ "$part" = others ] || exit $worst

if [ "$mode" = v2 ]; then
  # A user whose group a service manager has delegated: the group is the user's, with the session in
  # a group of its own below it.
  echo "--- user"
  echo "+memory +pids +cpu" >$tree/cgroup.subtree_control
  mkdir $tree/service $tree/service/session
  echo "+memory +pids +cpu" >$tree/service/cgroup.subtree_control
  chown guest $tree/service $tree/service/cgroup.procs $tree/service/cgroup.subtree_control \
    $tree/service/session $tree/service/session/cgroup.procs
  run_in $tree/service/session $as_user $suite $user_slow || worst=1

  echo "--- no v1"
  ./daemonz-run --limits v1 -- sh -c :
  for forced in v2 auto; do
    echo "--- nobody $forced"
    $as_user ./daemonz-run --limits $forced -- sh -c :
  done

  echo "--- supervised"
  mkdir $tree/site.service $tree/site.service/daemonz-1 $tree/site.service/daemonz-1/processor.1
  run_in $tree/site.service/daemonz-1/processor.1 ./daemonz-run --limits v2 -- sh -c :
  echo "handed down:" $(cat $tree/site.service/cgroup.subtree_control) "."

  # A container sees its own group as the root: that one has members and hands nothing down, until
  # they are moved into a group of their own.
  echo "--- container"
  mkdir $tree/container /run/groups
  run_in $tree/container unshare --cgroup --mount sh -c "
    mount -t cgroup2 cgroup2 /run/groups
    ./daemonz-run --limits auto -- sh -c :
    ./daemonz-run --limits v2 -- sh -c :
    mkdir /run/groups/main && echo \$\$ >/run/groups/main/cgroup.procs
    ./daemonz-run --limits auto -- sh -c :"

  echo "--- small machine"
  mkdir $tree/small $tree/small/in
  echo 40M >$tree/small/memory.max
  run_in $tree/small/in ./daemonz-run --limits v2 --cpu 60s --wall 60s -- programs/memory_bomb
fi

echo "--- groups"
export DAEMONZ_ROUNDS
./test_sandbox --no-colors=true -tc="sandbox: a run's group*" || worst=1
for left in $tree/daemonz-run.* $tree/*/daemonz-run.*; do
  [ ! -d "$left" ] || { echo "left $left"; worst=1; }
done
exit $worst
