"""The folder of the embedded stores: `feast apply` runs this first."""

import runpy

runpy.run_module("feature_repo.folders")
