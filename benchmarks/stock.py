"""Stock `seldon-core-microservice`, with its own arguments; only its protobuf modules are made anew before.

`python -m benchmarks.stock benchmarks.stock.Model --parameters … --workers N …`
"""

import os
import sys
from pathlib import Path
from typing import Any

from serving.bundle import read_metadata
from serving.model import HousePriceModel


class Model(HousePriceModel):
    """The service's user model; Seldon's command line asks for its metadata before it loads it."""

    def init_metadata(self) -> dict[str, Any]:
        """What `/metadata` says of the model."""
        metadata = read_metadata(self.bundle)
        return {"name": metadata.model_name, "versions": [metadata.model_version], "platform": "seldon"}


def main() -> None:
    """Serve until SIGTERM."""
    from serving.seldon_protocol import install

    install(Path(os.environ["HPP_VAR_DIR"]) / "seldon-protocol")
    from seldon_core.microservice import main as seldon

    sys.argv[0] = "seldon-core-microservice"
    seldon()


if __name__ == "__main__":
    main()
