"""Stock `seldon-core-microservice`, with its own arguments; only its protobuf modules are made anew before.

`python -m benchmarks.stock serving.model.HousePriceModel --parameters … --workers N …`
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Serve until SIGTERM."""
    from serving.protocol.seldon_protocol import install

    install(Path(os.environ["HPP_VAR_DIR"]) / "seldon-protocol")
    from seldon_core.microservice import main as seldon

    sys.argv[0] = "seldon-core-microservice"
    seldon()


if __name__ == "__main__":
    main()
