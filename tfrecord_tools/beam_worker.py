"""A worker process of Beam on this machine: Beam's own, but silent, and gone when its parent is gone."""

import logging
import os
import threading
import time

PARENT_CHECK_SECONDS = 2.0


def main() -> None:
    """Serve the runner that started this process (its addresses are in the environment)."""
    logging.disable(logging.CRITICAL)  # what goes wrong here reaches the main as an exception
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main([])


def _leave_with(parent: int) -> None:
    """End this process when its parent has ended, however that happened."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
