"""A Slurm of one node on this machine, for tests: three daemons that end with the process that started them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun", "setpriv")

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthInfo=socket={place}/munge.sock,cred_expire=5
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=32 RealMemory=500000 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Unavailable(Exception):
    """There can be no Slurm here; the text says why."""


class Slurm:
    """One node with as many processors as jobs want, and a GPU that is none.

    Parameters
    ----------
    place : Path
        Empty folder for its configuration, logs and state.
    """

    def __init__(self, place: Path) -> None:
        missing = [name for name in (*DAEMONS, "mungekey", *COMMANDS) if shutil.which(name, path=_path()) is None]
        if missing:
            raise Unavailable(f"no {missing[0]}: apt install slurmctld slurmd slurm-client munge")
        if os.geteuid() != 0:
            raise Unavailable("Slurm is started by root only")
        self.place = place
        self.environment = {**os.environ, "SLURM_CONF": str(place / "slurm.conf"), "PATH": _path()}
        self.environment = {key: value for key, value in self.environment.items() if not key.startswith("SLURM_JOB")}
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the daemons; Unavailable when they do not come up."""
        place, host = self.place, socket.gethostname().split(".")[0]
        (place / "state").mkdir()
        (place / "spool").mkdir()
        ports = _free_ports()
        (place / "slurm.conf").write_text(
            CONFIGURATION.format(host=host, place=place, controller=ports[0], node=ports[1])
        )
        (place / "gres.conf").write_text("Name=gpu File=/dev/null\n")
        (place / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self.says("mungekey", "--create", "--keyfile", str(place / "munge.key"))
        munge = [f"--{part}-file={place}/munge.{part}" for part in ("key", "pid", "log", "seed")]
        self._daemon("munged", "--force", "--foreground", f"--socket={place}/munge.sock", *munge)
        self._wait(lambda: (place / "munge.sock").exists(), "munged does not come up")
        self._daemon("slurmctld", "-D")
        self._daemon("slurmd", "-D", "-N", host)
        self._wait(lambda: "idle" in self.says("sinfo", "-h", "-o", "%T", check=False), "the node does not come up")

    def stop(self) -> None:
        """End all jobs and all daemons."""
        self.says("scancel", "--user=root", check=False)
        deadline = time.monotonic() + 15.0
        while self.says("squeue", "-h", check=False) and time.monotonic() < deadline:
            time.sleep(0.2)
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def says(self, *command: str, check: bool = True) -> str:
        """What a command writes to stdout."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def submit(self, script: Path, *arguments: str, options: tuple[str, ...] = ()) -> str:
        """Number of a job that now waits; its output goes to job-NUMBER.out beside the configuration."""
        output = f"--output={self.place}/job-%A.out"
        return self.says("sbatch", "--parsable", output, *options, str(script), *arguments)

    def output(self, job: str) -> str:
        """What a job wrote until now."""
        path = self.place / f"job-{job}.out"
        return path.read_text() if path.exists() else ""

    def show(self, job: str) -> list[dict[str, str]]:
        """Entries such as JobState and Restarts of a job, or of all tasks of a job array."""
        lines = self.says("scontrol", "show", "job", "-o", job).splitlines()
        return [dict(part.partition("=")[::2] for part in line.split()) for line in lines]

    def wait(self, job: str, *states: str, seconds: float = 300.0) -> list[dict[str, str]]:
        """Wait until a job, or every task of it, is in one of some states."""
        self._wait(
            lambda: all(one["JobState"] in states for one in self.show(job)),
            f"job {job} does not become {states}:\n{self.output(job)}",
            seconds,
        )
        return self.show(job)

    def _daemon(self, *command: str) -> None:
        log = (self.place / f"{command[0]}.out").open("wb")
        # should this process be killed, they end too
        full = ["setpriv", "--pdeathsig", "TERM", *command]
        self._running.append(subprocess.Popen(full, env=self.environment, stdout=log, stderr=log))
        log.close()

    def _wait(self, condition: object, otherwise: str, seconds: float = 20.0) -> None:
        assert callable(condition)
        end = time.monotonic() + seconds
        while not condition():
            dead = [process.args for process in self._running if process.poll() is not None]
            if dead or time.monotonic() > end:
                raise Unavailable(f"{otherwise} ({dead or 'too slow'}); see {self.place}")
            time.sleep(0.2)


def _path() -> str:
    """Where daemons are, too."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
