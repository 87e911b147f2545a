"""`python -m noctuary_operator`: settings come from NOCTUARY_* variables."""

import sys

from noctuary.common.settings.process import run_process
from noctuary_operator.main import run
from noctuary_operator.settings import OperatorSettings

if __name__ == "__main__":
    sys.exit(run_process(OperatorSettings, run))
