"""What memory is to be had: of the system, of containers, of a GPU."""

import pytest
import torch

from xsbert.attribution.integration import free_memory
from xsbert.attribution.integration.free_memory import SHARE_OF_FREE, share_of_free

GB = 2**30
CPU = torch.device("cpu")
MEMINFO = f"MemTotal: {64 * 2**20} kB\nMemFree: {2**20} kB\nMemAvailable: {40 * 2**20} kB\n"
V2 = {"proc/self/cgroup": "0::/box/inner\n"}
V1 = {"proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/box\n0::/x\n"}
INNER, OUTER, OLD = "sys/fs/cgroup/box/inner", "sys/fs/cgroup/box", "sys/fs/cgroup/memory/box"


@pytest.mark.parametrize(
    ("files", "gigabytes"),
    [
        ({}, 40),  # not MemFree: what files take is given back
        (V2 | {f"{INNER}/memory.max": "max", f"{INNER}/memory.current": "5"}, 40),
        (V2 | {f"{INNER}/memory.max": str(8 * GB), f"{INNER}/memory.current": str(3 * GB)}, 5),
        (V2 | {f"{INNER}/memory.max": str(8 * GB), f"{INNER}/memory.current": str(9 * GB)}, 0),
        (V2 | {f"{OUTER}/memory.max": str(2 * GB), f"{OUTER}/memory.current": "0"}, 2),  # a group around it
        (V2 | {"sys/fs/cgroup/memory.max": str(4 * GB), "sys/fs/cgroup/memory.current": "0"}, 4),  # seen from inside
        (
            V2
            | {f"{INNER}/memory.max": str(8 * GB), f"{INNER}/memory.current": str(7 * GB)}
            | {f"{INNER}/memory.stat": f"anon 5\ninactive_file {4 * GB}\n"},
            5,
        ),
        (V1 | {f"{OLD}/memory.limit_in_bytes": str(6 * GB), f"{OLD}/memory.usage_in_bytes": str(GB)}, 5),
        (V1 | {f"{OLD}/memory.limit_in_bytes": str(2**63 - 4096), f"{OLD}/memory.usage_in_bytes": "0"}, 40),
    ],
)
def test_it_is_the_least_that_system_and_groups_leave(tmp_path, monkeypatch, files, gigabytes):
    for name, content in ({"proc/meminfo": MEMINFO} | files).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(free_memory, "ROOT", tmp_path)
    assert share_of_free(CPU) == pytest.approx(SHARE_OF_FREE * gigabytes * GB)


def test_where_no_file_tells_the_system_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(free_memory, "ROOT", tmp_path)
    assert 10**7 < share_of_free(CPU) < 10**15
    monkeypatch.delattr(free_memory.os, "sysconf")
    assert share_of_free(CPU) == SHARE_OF_FREE * free_memory.BYTES_WHERE_UNKNOWN


def test_what_torch_holds_idle_on_a_gpu_is_to_be_had(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * GB, 24 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 12 * GB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 7 * GB)
    assert share_of_free(torch.device("cuda")) == SHARE_OF_FREE * 8 * GB
