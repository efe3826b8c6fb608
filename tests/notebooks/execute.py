"""Run a notebook in a folder and print what failed: ``python execute.py NOTEBOOK FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient


def main(notebook: Path, folder: Path) -> None:
    """Raise what a cell raised."""
    # Sockets of its own folder, so that many kernels may start at once and nobody else can speak to them.
    kernel = AsyncKernelManager(transport="ipc", ip=str(folder / "kernel"))
    NotebookClient(nbformat.read(notebook, as_version=4), km=kernel, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
