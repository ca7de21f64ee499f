"""`neurorules completion`: a script for command-line completion in a shell.

The script is static and built from the parser, so pressing Tab does not start Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from neurorules.cli.base import run_cli, study_files

# Arguments that take a study name. All others take files.
STUDY_ARGUMENTS = ("study", "studies")


def script(shell: str, commands: Mapping[str, argparse.ArgumentParser], helps: Mapping[str, str]) -> str:
    """The completion script for a shell.

    Args:
        shell: bash, zsh or fish.
        commands: each command's parser.
        helps: one line about each command.
    """
    if shell == "fish":
        return _fish(commands, helps)
    bash = _bash(commands)
    return f"autoload -U +X bashcompinit && bashcompinit\n{bash}" if shell == "zsh" else bash


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]


def _names(parser: argparse.ArgumentParser) -> list[str]:
    """Words that can complete a command's arguments."""
    words: list[str] = []
    for action in parser._actions:
        if action.dest in STUDY_ARGUMENTS:
            words += study_files()
        elif action.choices is not None and not action.option_strings:
            words += map(str, action.choices)
    return words


def _bash(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    cases = [
        f'        {name}) words="{" ".join([*_names(parser), *_options(parser)])}" ;;'
        for name, parser in commands.items()
    ]
    return "\n".join(
        [
            "_neurorules() {",
            '    local current="${COMP_WORDS[COMP_CWORD]}" words=""',
            "    COMPREPLY=()",
            '    if [ "$COMP_CWORD" -eq 1 ]; then',
            f'        COMPREPLY=($(compgen -W "{" ".join(commands)} --help --version" -- "$current"))',
            "        return",
            "    fi",
            '    case "${COMP_WORDS[1]}" in',
            *cases,
            "    esac",
            '    COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))',
            "}",
            "complete -o filenames -F _neurorules neurorules",
        ]
    )


def _fish(commands: Mapping[str, argparse.ArgumentParser], helps: Mapping[str, str]) -> str:
    lines = [f'complete -c neurorules -n __fish_use_subcommand -f -a {name} -d "{helps[name]}"' for name in commands]
    for name, parser in commands.items():
        seen = f'complete -c neurorules -n "__fish_seen_subcommand_from {name}"'
        if words := _names(parser):
            lines.append(f'{seen} -a "{" ".join(words)}"')
        lines += [f"{seen} -l {option.removeprefix('--')}" for option in _options(parser)]
    return "\n".join(lines)


def run(arguments: argparse.Namespace) -> int:
    """Print the completion script for a shell and return the exit code."""
    from neurorules.cli.main import HELPS, build_parser

    _, commands = build_parser()
    return run_cli(lambda: script(arguments.shell, commands, HELPS))
