"""What a forked process does to become what exec would have made of it."""

import os
import signal
import sys

import setproctitle

from timeloom_platform.embedded.process import bind_life_to, name_process
from timeloom_stack.nursery.wire import Birth, Descriptors

_STANDARD_OUTPUT = 1
_STANDARD_ERROR = 2
_EXIT_UNWANTED = 1


def make_room_for_titles() -> None:
    """Done once, before any fork: titles are written where arguments and environment of the nursery stand."""
    setproctitle.getproctitle()


def settle(birth: Birth, descriptors: Descriptors) -> None:
    """Makes this process the one that was asked for, or ends it if it is not wanted any more.

    Its standard input, signal handlers and streams are those that the interpreter gave the nursery: nothing,
    the defaults, and unbuffered if the environment says so, of which the two have the same.
    """
    os.setsid()
    # The word comes when the supervisor knows us, and so after it has become our parent.
    if not os.read(descriptors.word, 1):
        os._exit(_EXIT_UNWANTED)
    bind_life_to(birth.parent, signal.Signals(birth.parent_death_signal))
    os.dup2(descriptors.output, _STANDARD_OUTPUT)
    os.dup2(descriptors.errors, _STANDARD_ERROR)
    for each in descriptors:
        os.close(each)
    os.environ.clear()
    os.environ.update(birth.environment)
    os.chdir(birth.directory)
    sys.argv[:] = [birth.module, *birth.arguments]
    sys.orig_argv[:] = birth.command
    setproctitle.setproctitle(" ".join(birth.command))
    name_process(birth.module)
