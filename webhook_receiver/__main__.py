"""`python -m webhook_receiver`: settings come from NOCTUARY_* variables."""

from noctuary.common import log
from webhook_receiver.main import run
from webhook_receiver.settings import ReceiverSettings

settings = ReceiverSettings()
log.configure(settings.log_level)
run(settings)
