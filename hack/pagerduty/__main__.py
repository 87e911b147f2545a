"""`python -m hack.pagerduty`."""

import sys

from hack.pagerduty.cli import main

sys.exit(main())
