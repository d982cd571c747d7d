"""Errors that end a command with one line and an exit code."""

from __future__ import annotations

OK, DIFFERS, WRONG_INPUT, UNEXPECTED, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = """\
exit codes:
  0    done
  1    the C does not give the bytes of its definition (demo, fit, verify, bench), or a folder is
       not what its manifest says, or does not fit (check)
  2    wrong options, files or samples, or a missing compiler or simulator: one line says which
  3    an unexpected error; SKCONV_TRACEBACK=1 shows where it came from
  130  interrupted
"""


class UsageError(Exception):
    """A command cannot work with its options or files."""
