"""The nursery: a process that has imported what all services import, and is forked for each of them.

What is imported before the fork takes its time once and its memory once. A process born here differs in
nothing that it can see from one that `python -P -m` starts: it is a child of the supervisor, has the
environment, directory, arguments and outputs of its specification, and ends with it. The nursery is a matter
of speed only: where it is not there or fails, processes are started by exec.
"""
