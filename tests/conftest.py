"""What must be so before any library is loaded."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy reads it once; a check of scikit-learn's needs it
