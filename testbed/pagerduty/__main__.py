"""`python -m testbed.pagerduty`."""

import sys

from testbed.pagerduty.program.cli import main

sys.exit(main())
