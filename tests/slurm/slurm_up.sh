#!/usr/bin/env bash
# A Slurm of one node on this machine, for the tests.
#
#   slurm_up.sh FOLDER       start it; slurm_down.sh FOLDER ends it
#   slurm_up.sh --check      exit status 3, and what to install, where Slurm is not installed
#   slurm_up.sh --packages   what to install on Debian
#
# Everything lies in FOLDER, which has to be new: configuration, keys, state, logs. No service manager, no cgroups, no
# database. Clients find it by SLURM_CONF=FOLDER/slurm.conf.
set -euo pipefail

packages="munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins"
[ "${1-}" != --packages ] || { echo "$packages"; exit 0; }

for program in munged slurmctld slurmd sbatch squeue scancel; do
    command -v "$program" >/dev/null && continue
    echo "Slurm is not installed ($program is missing). On Debian: apt-get install --no-install-recommends $packages" >&2
    exit 3
done
[ "${1-}" != --check ] || exit 0

folder=$(realpath -m "$1")
mkdir "$folder"
mkdir "$folder"/{controller,node,munge,log}
chmod 711 "$folder" # munged wants its socket within reach of others, and its key out of it
chmod 700 "$folder/munge"

# wait_for SECONDS WHAT COMMAND ...
wait_for() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { echo "$what: not in time" >&2; tail -n 20 "$folder"/log/* >&2; exit 1; }
        sleep 0.1
    done
}

host=$(hostname -s)
user=$(id -un)
memory_mb=$(awk '/^MemTotal/ {print int($2 / 1024 * 0.8)}' /proc/meminfo)
read -r controller_port node_port < <(python3 -c '
import socket
ends = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(end.getsockname()[1] for end in ends))')

touch "$folder/gpu0" # stands in for the device of a GPU: enough to be asked for
cat >"$folder/gres.conf" <<EOF
NodeName=$host Name=gpu File=$folder/gpu0
EOF
cat >"$folder/cgroup.conf" <<EOF
CgroupPlugin=cgroup/v1
EOF
cat >"$folder/slurm.conf" <<EOF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
# A job that its node lost starts again when its credential has expired: by default after two minutes.
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/controller
SlurmdSpoolDir=$folder/node
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobs
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Memory is accounted for, and a job that takes more than it asked for is killed.
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=bf_interval=5,sched_interval=2,batch_sched_delay=1
# The node has the CPUs and the memory given here, whatever slurmd finds, and is back as soon as slurmd is.
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=2
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=$memory_mb Gres=gpu:1
PartitionName=cpu Nodes=$host Default=YES MaxTime=INFINITE
PartitionName=gpu Nodes=$host MaxTime=INFINITE
EOF

# All three put themselves into the background and leave their process ids in FOLDER/*.pid.
head -c 128 /dev/urandom >"$folder/munge/key"
chmod 400 "$folder/munge/key"
munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --seed-file="$folder/munge/seed" \
    --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log"
wait_for 10 munged test -S "$folder/munge/socket"
export SLURM_CONF="$folder/slurm.conf"
slurmctld -i
slurmd
is_idle() { [ "$(sinfo --noheader --partition cpu --format %T)" = idle ]; }
wait_for 60 "an idle node" is_idle
