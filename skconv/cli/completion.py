"""``skconv completion``: what bash, zsh and fish offer after a TAB, out of the parser itself."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from skconv.cli.errors import OK

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Option:
    """An option of a command: its names, what it takes, and the first line of its help."""

    names: tuple[str, ...]
    choices: tuple[str, ...]
    takes_value: bool
    help: str


def completion(arguments: argparse.Namespace) -> int:
    """Print the script of a shell."""
    from skconv.cli.parser import parser

    print(script(arguments.shell, parser()), end="")
    return OK


def script(shell: str, top: argparse.ArgumentParser) -> str:
    """The script of ``"bash"``, ``"zsh"`` or ``"fish"`` for a program's commands."""
    commands = {name: list(_options(command)) for name, command in _commands(top).items()}
    if shell == "fish":
        return "\n".join(_fish(commands)) + "\n"
    start = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    return start + "\n".join(_bash(commands)) + "\n"


def _commands(top: argparse.ArgumentParser) -> dict[str, Any]:
    (added,) = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return dict(added.choices)


def _options(command: Any) -> Iterator[Option]:
    """Options of a command, and the choices of words that stand without one."""
    command.complete()
    for action in command._actions:
        choices = tuple(map(str, action.choices or _listed(action.metavar)))
        text = (action.help or "").replace("%%", "%").splitlines()
        takes = action.nargs != 0
        if action.option_strings or choices:
            yield Option(tuple(action.option_strings), choices, takes, text[0] if text else "")


def _listed(metavar: Any) -> list[str]:
    """Words in braces and with commas, as those of ``--target``, whose errors are its own."""
    is_list = isinstance(metavar, str) and metavar.startswith("{")
    return metavar.strip("{}").split(",") if is_list else []


def _bash(commands: dict[str, list[Option]]) -> Iterator[str]:
    """Words of the command, choices behind an option that has them, else files."""
    yield "_skconv() {"
    yield '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words='
    yield '    case "$COMP_CWORD:${COMP_WORDS[1]}:$before" in'
    yield f'        1:*) words="{" ".join(commands)}" ;;'
    for name, options in commands.items():
        for option in options:
            for each in option.names if option.choices else ():
                yield f'        *:{name}:{each}) words="{" ".join(option.choices)}" ;;'
        every = [each for option in options for each in option.names or option.choices]
        yield f'        *:{name}:*) words="{" ".join(every)}" ;;'
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield "}"
    yield "complete -o default -F _skconv skconv"


def _fish(commands: dict[str, list[Option]]) -> Iterator[str]:
    names = " ".join(commands)
    yield f"complete -c skconv -n __fish_use_subcommand -f -a {shlex.quote(names)}"
    for name, options in commands.items():
        start = f"complete -c skconv -n '__fish_seen_subcommand_from {name}'"
        for option in options:
            words = [start]
            words += [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
            words += ["-r"] * (option.takes_value and bool(option.names))
            words += [f"-f -a {shlex.quote(' '.join(option.choices))}"] * bool(option.choices)
            yield " ".join([*words, f"-d {shlex.quote(option.help)}"])
