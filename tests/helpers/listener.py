"""A small real server for tests of the supervisor: `python -m tests.helpers.listener PORT [OPTION]...`.

It says `listening` on its standard output, then accepts connections until SIGTERM. Options: `stubborn`
ignores SIGTERM; `fails-first=FILE` ends with exit code 3 unless the file is there, and makes it;
`needs=FILE` ends with 4 while the file is not there; `fails` always ends with 3; `forks` leaves a child
behind that outlives it.
"""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path


async def serve(port: int) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("listening")
    await stop.wait()
    server.close()
    say("stopped")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    for option in sys.argv[2:]:
        if option.startswith("fails-first="):
            marker = Path(option.removeprefix("fails-first="))
            if not marker.exists():
                marker.touch()
                sys.exit(3)
        if option.startswith("needs=") and not Path(option.removeprefix("needs=")).exists():
            sys.exit(4)
    if "fails" in sys.argv:
        say("there is no configuration")
        sys.exit(3)
    if "forks" in sys.argv:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        say(f"child {child.pid}")
        child.returncode = 0
    asyncio.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
