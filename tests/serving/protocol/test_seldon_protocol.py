"""Seldon's protobuf modules, made anew."""

import subprocess
import sys
from pathlib import Path

from serving.protocol.seldon_protocol import install

PROGRAM = """
import pathlib, sys
from serving.protocol.seldon_protocol import install
install(pathlib.Path(sys.argv[1]))
from seldon_core.proto import prediction_pb2, prediction_pb2_grpc
message = prediction_pb2.SeldonMessage()
message.data.tensor.shape.extend([1, 2])
message.data.tftensor.int_val.append(3)
print(prediction_pb2.__file__, prediction_pb2.SeldonMessage.FromString(message.SerializeToString()) == message)
"""


def test_processes_that_start_at_once_share_one_set_of_modules_that_work(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=60)[0].split() for process in both]
    assert answers[0] == answers[1]
    file, works = answers[0]
    assert file.startswith(str(tmp_path))
    assert works == "True"
    (folder,) = tmp_path.iterdir()
    made = folder.stat().st_mtime_ns
    assert install(tmp_path) == folder
    assert folder.stat().st_mtime_ns == made
