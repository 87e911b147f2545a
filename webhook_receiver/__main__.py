"""`python -m webhook_receiver`: settings come from NOCTUARY_* variables."""

import sys

from noctuary.common.interrupts import end_at_once

if __name__ == "__main__":
    end_at_once()
    from noctuary.common.settings.process import run_process
    from webhook_receiver.main import run
    from webhook_receiver.settings import ReceiverSettings

    sys.exit(run_process(ReceiverSettings, run))
