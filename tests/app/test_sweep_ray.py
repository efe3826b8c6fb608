"""The same sweep on a Ray cluster: a head and two more nodes, each a process group of its own on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import settings

from framework import sweep
from tests.app.project import ONETAPE, strategy, write

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ray", reason='Ray is not installed here: pip install "onetape[ray]"')

deep = pytest.mark.skipif(settings().max_examples < 1_000, reason="what goes wrong on a cluster takes minutes; in the deep profile only")
#: Starts the cluster, says where it is, takes a node away for every line it is told, and ends the rest when its stdin ends.
CLUSTER = """\
import sys
from ray.cluster_utils import Cluster

memory = {"object_store_memory": 80 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **memory})
nodes = [cluster.add_node(num_cpus=1, **memory) for _ in range(2)]
print(cluster.address, flush=True)
for _ in sys.stdin:
    cluster.remove_node(nodes.pop(), allow_graceful=False)
cluster.shutdown()
"""
#: Trials wait for each other until every node has one, and say where they are.
BODY = """\
fast: int = 1
here: str = ""

def on_start(self, ctx):
    import os, pathlib, time
    if self.here:
        import ray
        place = pathlib.Path(self.here)
        (place / ray.get_runtime_context().get_node_id()).touch()
        if os.path.exists(place / "die") and self.fast == 5:
            os.kill(os.getpid(), 9)
        for _ in range(1200):
            if len([one for one in place.iterdir() if len(one.name) > 40]) >= 3:
                break
            time.sleep(0.1)
        time.sleep(SECONDS)

def on_bar(self, ctx):
    if ctx.now.day == self.fast:
        ctx.target("IBM", 0.5)
"""


@pytest.fixture(scope="module")
def cluster():
    with subprocess.Popen([sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nodes:
        assert nodes.stdin is not None
        assert nodes.stdout is not None
        address = nodes.stdout.readline().strip()
        yield address, lambda: (nodes.stdin.write("less\n"), nodes.stdin.flush())
        nodes.stdin.close()
        nodes.wait(120)


COMMAND = (ONETAPE, "sweep", "-p", "fast=1:12", "--executor", "ray", "--json", "--out", "out")
PATIENCE = 400


def on_cluster(folder: Path, address: str) -> dict[str, object]:
    environment = {**os.environ, "RAY_ADDRESS": address}
    done = subprocess.run(COMMAND, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def waiting(folder: Path, seconds: str = "0") -> dict[str, str]:
    """A project whose trials wait for each other on the nodes, and ``seconds`` more."""
    (folder / "nodes").mkdir()
    body = BODY.replace('here: str = ""', f'here: str = "{folder / "nodes"}"').replace("time.sleep(SECONDS)", f"time.sleep({seconds})")
    return strategy(body)


@pytest.mark.campaign
def test_a_sweep_on_three_nodes_gives_what_it_gives_here(cluster, folder):
    write(strategy(BODY), folder)
    alone = sweep(folder / "onetape.toml", {"fast": range(1, 13)}, jobs=1)
    write(waiting(folder), folder)
    summary = on_cluster(folder, cluster[0])
    assert (summary["trials"], summary["failed"]) == (12, 0)
    assert len(list((folder / "nodes").iterdir())) == 3
    found = pd.read_parquet(folder / "out" / "trials").sort_values("number")
    assert found["decisions_hash"].tolist() == alone["decisions_hash"].tolist()


@pytest.mark.slow
@deep
def test_a_trial_that_kills_its_worker_on_a_node_fails_alone(cluster, folder):
    write(waiting(folder), folder)
    (folder / "nodes" / "die").touch()
    summary = on_cluster(folder, cluster[0])
    assert (summary["trials"], summary["failed"]) == (12, 1)
    found = pd.read_parquet(folder / "out" / "trials").set_index("params_fast")["error"]
    assert found[found.notna()].to_dict() == {5: "its worker died (ActorDiedError), twice"}


@pytest.mark.slow
@deep
def test_a_node_that_dies_costs_no_trial(cluster, folder):
    address, take_a_node_away = cluster
    write(waiting(folder, seconds="2"), folder)
    environment = {**os.environ, "RAY_ADDRESS": address}
    with subprocess.Popen(COMMAND, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        limit = time.monotonic() + PATIENCE
        while len(list((folder / "nodes").iterdir())) < 3:
            assert running.poll() is None
            assert time.monotonic() < limit, "the nodes did not begin"
            time.sleep(0.1)
        take_a_node_away()
        out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, err
    summary = json.loads(out)
    assert (summary["trials"], summary["failed"]) == (12, 0)


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_named(folder):
    write(strategy(BODY), folder)
    command = [ONETAPE, "sweep", "-p", "fast=1:12", "--executor", "ray"]
    environment = {**os.environ, "RAY_ADDRESS": "127.0.0.1:1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: no Ray cluster answers at 127.0.0.1:1: " in done.stderr
    assert "mend or unset RAY_ADDRESS" in done.stderr
