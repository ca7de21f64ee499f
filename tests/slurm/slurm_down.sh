#!/usr/bin/env bash
# End the Slurm that slurm_up.sh FOLDER started, its jobs included, and remove FOLDER: slurm_down.sh FOLDER
set -uo pipefail

folder=$(realpath -m "$1")
[ -e "$folder/slurm.conf" ] || exit 0
export SLURM_CONF="$folder/slurm.conf"

# Jobs first: once slurmd is gone nobody ends them.
if [ -e "$folder/slurmctld.pid" ]; then
    timeout 10 scancel --user="$(id -un)"
    for _ in $(seq 100); do
        [ -n "$(timeout 5 squeue --noheader)" ] || break
        sleep 0.1
    done
fi

for daemon in slurmd slurmctld munged; do
    pid=$(cat "$folder/$daemon.pid" 2>/dev/null) || continue
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$daemon" ] || continue # the id may be another process's by now
    kill "$pid"
    for _ in $(seq 100); do
        readlink "/proc/$pid/exe" >/dev/null || break # kill -0 would wait for a process that nobody collects
        sleep 0.1
    done
    readlink "/proc/$pid/exe" >/dev/null && kill -KILL "$pid" && echo "$daemon did not end by itself" >&2
done
rm -rf "$folder"
