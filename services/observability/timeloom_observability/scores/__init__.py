"""How good agents' work was: scores that people, programs and telemetry give."""
