"""A command in a process of its own, with an environment of its own: ENVIRONMENT and ARGUMENTS."""

import os

from folkways.cli import main

if __name__ == "__main__":
    os.environ.update(globals()["ENVIRONMENT"])
    main(globals()["ARGUMENTS"])
