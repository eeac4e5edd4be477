"""The SQL of searching.

PostgreSQL goes by no index through an operator that might tell of rows which a policy hides, and those of
texts and vectors might. So what looks for candidates runs as the room's system role and names its project
itself; what is shown is read under the project's own policy.
"""
