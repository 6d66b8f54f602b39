"""A fresh checkout of the platform, as a reader of the tutorial has it after `make setup`, without an install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from zenml_config.environment import PTH_NAME, ROOT


def fresh_checkout(target: Path) -> Path:
    """The folder: the files of this checkout, uncommitted changes included, and an environment of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    git = ["git", "-c", "user.name=Reader", "-c", "user.email=reader@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "The platform"]):
        subprocess.run([*git, *command], cwd=target, check=True)
    if (ROOT / ".tools").is_dir():
        (target / ".tools").symlink_to(ROOT / ".tools")
        with (target / ".git" / "info" / "exclude").open("a") as excluded:  # .gitignore has the folder, not a link
            excluded.write(".tools\n")
    _link_environment(Path(sys.prefix), target / ".venv")
    return target


def _link_environment(own: Path, linked: Path) -> None:
    """Make an environment with the packages of `own`, and the settings of the folder that it is in."""
    packages = Path(f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")
    (linked / packages).mkdir(parents=True)
    (linked / "bin").mkdir()
    shutil.copy(own / "pyvenv.cfg", linked)
    for entry in (own / packages).iterdir():
        if entry.name != PTH_NAME:
            (linked / packages / entry.name).symlink_to(entry)
    for program in (own / "bin").iterdir():
        first = b"" if program.is_symlink() else program.read_bytes()[:1000].partition(b"\n")[0]
        if str(own).encode() in first:  # a script: it would run the other environment's interpreter
            text = program.read_text().replace(str(own), str(linked))
            (linked / "bin" / program.name).write_text(text)
            (linked / "bin" / program.name).chmod(0o755)
        else:
            (linked / "bin" / program.name).symlink_to(program)
    python = linked / "bin" / "python"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HPP_")}
    subprocess.run(
        [python, "zenml_config/environment.py", "install"], cwd=linked.parent, env=outside, check=True, timeout=60
    )
    (linked / "ready").touch()
