"""The folder of the embedded stores: SQLite makes its files but not their folder, and `feast apply` runs this first."""

import os
from pathlib import Path

Path(os.environ["HPP_VAR_DIR"], "feast").mkdir(parents=True, exist_ok=True)
