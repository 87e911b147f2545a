"""`python -m noctuary_cli` is the same as the `noctuary` command."""

import sys

from noctuary_cli.main import main

sys.exit(main())
