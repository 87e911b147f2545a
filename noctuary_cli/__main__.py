"""`python -m noctuary_cli` is the same as the `noctuary` command."""

import sys

from noctuary_cli.entry import main

sys.exit(main())
