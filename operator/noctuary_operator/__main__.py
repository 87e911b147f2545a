"""`python -m noctuary_operator`: settings come from NOCTUARY_* variables."""

import sys

from noctuary.common.interrupts import end_at_once

if __name__ == "__main__":
    end_at_once()
    from noctuary.common.settings.process import run_process
    from noctuary_operator.main import run
    from noctuary_operator.settings import OperatorSettings

    sys.exit(run_process(OperatorSettings, run))
