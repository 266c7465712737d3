"""Joining a Ray cluster, or starting one on this machine for as long as it is needed."""

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

from .local import ONE_THREAD
from .options import RayOptions

ADDRESS = "RAY_ADDRESS"
AUTHENTICATION = "RAY_AUTH_MODE"
TOKEN = "RAY_AUTH_TOKEN"
LOCAL = "local"
AUTO = "auto"
# Seconds to wait for a cluster to answer at all.
PATIENCE = 5.0
# Rounding of fractions of a CPU or GPU.
SLACK = 1e-6


@contextmanager
def connected(options: RayOptions, workers: int | None = None) -> Iterator[int]:
    """Join the cluster that RAY_ADDRESS names; without it, start one on this machine and end it afterwards.

    options (RayOptions): What a worker takes.
    workers (Optional[int]): How many workers at a time; None: as many as fit.
    YIELDS (int): How many workers there may be at a time.
    RAISES (ValueError): If Ray is not installed, the cluster does not answer, or no worker fits on a node.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"The number of jobs at a time must be at least 1, got {workers}.")
    address = os.environ.get(ADDRESS) or LOCAL
    if address == LOCAL and AUTHENTICATION not in os.environ:
        # Otherwise Ray leaves a token in the user's home, which changes how later clusters start.
        os.environ |= {AUTHENTICATION: "token", TOKEN: secrets.token_hex(32)}
    ray = import_ray()
    settings: dict[str, Any] = {"address": address}
    if address == LOCAL:
        cpus = options.num_cpus * workers if workers else os.cpu_count() or 1
        settings |= {"num_cpus": ceil(cpus), "include_dashboard": False}
    else:
        _check_address(address)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        ray.init(
            **settings, logging_level=logging.ERROR, log_to_driver=False, runtime_env=worker_environment()
        )
    except (ConnectionError, RuntimeError, TimeoutError, ray.exceptions.AuthenticationError) as error:
        raise ValueError(
            f"Cannot use the Ray cluster at {address}: {_first_line(error)}. Its nodes need this machine's "
            f"versions of Python and Ray; where its head has a token, set {AUTHENTICATION}=token and that "
            f"token here ({TOKEN}, or ~/.ray/auth_token). Unset {ADDRESS} to start a cluster here."
        ) from error
    try:
        fit = _room(ray, options)
        yield min(workers, fit) if workers else fit
    finally:
        ray.shutdown()


def import_ray() -> ModuleType:
    """Ray, told to keep what it does to itself.

    RAISES (ValueError): If it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ValueError(
            f"The engine ray needs Ray and pyarrow, which are not installed ({error.name or error}): "
            "pip install 'spacy-distill[ray]'. The engine local needs neither."
        ) from error
    module: ModuleType = ray
    return module


def worker_environment() -> dict[str, Any]:
    """What workers get from here: one thread, and this package, so that nodes need its dependencies only."""
    package = Path(__file__).parents[1]
    metadata = next(f for f in distribution("spacy-distill").files or () if f.name == "METADATA")
    # The metadata name the entry points: without them no registered name of ours could be resolved.
    modules = [str(package), str(Path(str(metadata.locate())).parent)]
    return {"env_vars": ONE_THREAD, "py_modules": modules}


def _check_address(address: str) -> None:
    """Ray waits for minutes where nobody answers."""
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdigit():
        raise ValueError(
            f"{ADDRESS} is {address!r}. Expected the host and port of a cluster's head, e.g. 10.0.0.1:6379, "
            f"or {AUTO!r} on a machine of the cluster. For ray://… run the command on the cluster itself, "
            "e.g. by `ray job submit`."
        )
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ValueError(
            f"Nobody answers at {ADDRESS}={address} ({_first_line(error)}). Start a cluster with "
            f"`ray start --head`, or unset {ADDRESS} to start one on this machine."
        ) from error


def _room(ray: ModuleType, options: RayOptions) -> int:
    """How many workers fit on the nodes that are there.

    RAISES (ValueError): If none does: Ray would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    wanted = {"CPU": options.num_cpus, **({"GPU": options.num_gpus} if options.num_gpus else {})}
    fit = sum(
        min(int((node.get(kind, 0.0) + SLACK) / amount) for kind, amount in wanted.items()) for node in nodes
    )
    if not fit:
        have = "; ".join(f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs" for node in nodes)
        raise ValueError(
            f"A worker takes {options.num_cpus:g} CPUs and {options.num_gpus:g} GPUs, and no node of the "
            f"cluster has them ({have}). Ask for less, or add a node."
        )
    return fit


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
