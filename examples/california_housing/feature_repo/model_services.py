"""The feature services of the registered versions: the platform's module, with the contract of this folder.

It is run, not imported, since it reads the bundles that are there now, and `houses` is what lies beside this file.
"""

import runpy

globals().update(runpy.run_module("feature_repo.model_services"))
