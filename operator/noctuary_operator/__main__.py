"""`python -m noctuary_operator`: settings come from NOCTUARY_* variables."""

from noctuary.common import log
from noctuary_operator.main import run
from noctuary_operator.settings import OperatorSettings

if __name__ == "__main__":
    settings = OperatorSettings()
    log.configure(settings.log_level)
    run(settings)
