"""Entry of ``python -m seq2seq_demo``."""

import sys

from seq2seq_demo.cli import main

if __name__ == "__main__":
    sys.exit(main())
