"""What one worker takes of a Ray cluster, and how its files reach it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class EngineName(StrEnum):
    """The engines."""

    local = "local"
    ray = "ray"


class RayOptions(BaseModel):
    """What a job takes of a cluster.

    num_cpus (float): CPUs of a worker. It computes with one thread whatever stands here.
    num_gpus (float): GPUs of a worker; with a fraction several workers share one.
    retries (int): How often a job is begun again whose worker was lost.
    files (str): "ship": each file is sent to each node once; "shared": all nodes see the same paths.
    """

    model_config = ConfigDict(extra="forbid")

    num_cpus: Annotated[float, Field(gt=0)] = 1.0
    num_gpus: Annotated[float, Field(ge=0)] = 0.0
    retries: Annotated[int, Field(ge=0)] = 3
    files: Literal["ship", "shared"] = "ship"
