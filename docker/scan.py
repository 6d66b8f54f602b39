"""Known vulnerabilities in what an image is made of: `python docker/scan.py serving.txt`, a file of `uv export`.

pip-audit asks the registry's advisories. Without reach of them it finds nothing and ends well; this says `not scanned`.
Ends with 0 if everything was scanned and nothing found, 1 if something was found, 2 if something was not scanned.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOUND, NOT_SCANNED = 1, 2


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """How the scan ends, and what there is to say.

    Args:
        report: pip-audit's, in its JSON form.
    """
    packages = report["dependencies"]
    faults = [(one, fault) for one in packages for fault in one.get("vulns", [])]
    skipped = [one for one in packages if "skip_reason" in one]
    lines = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none yet'}"
        for one, fault in faults
    ]
    if skipped:
        lines.append(f"NOT SCANNED: {len(skipped)} of {len(packages)} packages, such as {skipped[0]['skip_reason']}")
    lines.append(f"{len(packages) - len(skipped)} of {len(packages)} packages scanned, {len(faults)} vulnerabilities.")
    return (FOUND if faults else NOT_SCANNED if skipped or not packages else 0), lines


def main() -> int:
    """Scan, say what was found, and how it ends."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    command += ["--format", "json", "--requirement", str(Path(sys.argv[1]))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603  # no shell, our own words
    if not done.stdout:
        sys.stderr.write("NOT SCANNED: pip-audit had no report.\n")
        return NOT_SCANNED
    end, lines = judge(json.loads(done.stdout))
    sys.stdout.write("\n".join(lines) + "\n")
    return end


if __name__ == "__main__":
    sys.exit(main())
