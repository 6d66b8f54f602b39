"""The lines that were added to the files of a folder since one last looked."""

from pathlib import Path

from serving.records.hourly import ENDING


class Tail:
    """Reads append-only files of lines, each line once.

    Args:
        folder: of the files; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, int] = {}

    def lines(self) -> list[bytes]:
        """The complete lines that are new, file by file."""
        found: list[bytes] = []
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            known = self._read.get(path.name, 0)
            if path.stat().st_size > known:
                with path.open("rb") as file:
                    file.seek(known)
                    data = file.read()
                whole = data[: data.rfind(b"\n") + 1]  # the rest is still being written, or torn by a kill
                self._read[path.name] = known + len(whole)
                found += whole.splitlines()
        return found
