"""A program that does not end, and tells where it is: `python -m tests.sleeping --request FOLDER/… --outcome …`."""

import os
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # it must end, too
    Path(os.environ["HPP_VAR_DIR"], "sleeping.pid").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
